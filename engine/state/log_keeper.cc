#include "engine/state/log_keeper.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <utility>

namespace rare::engine {
namespace {

// What is brought over and synced at once: the less, the shorter it keeps the disk from the
// commits' syncs.
constexpr std::int64_t kStepBytes = 2 * 1024 * 1024;
// From here on the log begins anew. A commit waits for that, so it is seldom; and the room is less
// than what the connections leave to the log (journal_size_limit), so that it does not grow again.
constexpr std::int64_t kLogBytes = 32 * 1024 * 1024;
constexpr std::int64_t kLargestPageBytes = 65536;
constexpr int kFewPages = 40;
constexpr int kMostRounds = 4;
constexpr off_t kLongLogBytes = 64 * 1024 * 1024;
constexpr int kWaitForReaders_ms = 200;

struct Brought {
  int result = 0;  // SQLite's
  int pages_in_log = 0;
  int pages_left = 0;  // of those, not in the database yet
};

Brought checkpoint(sqlite::Database& database, int mode) {
  int in_log = 0, done = 0;
  const int result = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, mode, &in_log, &done);
  return {result, in_log, in_log - done};
}

// SQLite syncs the database only in a checkpoint that comes to the log's end, and beside a busy
// writer that is none but the one for which the writer has to wait. So it is synced here, before
// that.
int sync(sqlite::Database& database) {
  sqlite3_file* file = nullptr;
  const int found =
      sqlite3_file_control(database.handle(), nullptr, SQLITE_FCNTL_FILE_POINTER, &file);
  if (found != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return SQLITE_MISUSE;
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

Brought bring_over_and_sync(sqlite::Database& database) {
  Brought brought = checkpoint(database, SQLITE_CHECKPOINT_PASSIVE);
  if (const int synced = sync(database); synced != SQLITE_OK) brought.result = synced;
  return brought;
}

std::int64_t page_bytes(sqlite::Database& database) {
  sqlite::Statement size(database, "PRAGMA page_size");
  const Result<bool> row = size.first();
  return row.ok() && *row ? size.integer(0) : kLargestPageBytes;
}

}  // namespace

LogKeeper::LogKeeper(sqlite::Database& writer, std::unique_ptr<sqlite::Database> own)
    : writer_(writer), own_(std::move(own)) {
  own_->set_busy_timeout(kWaitForReaders_ms);
  step_pages_ = kStepBytes / page_bytes(*own_);
  log_pages_ = kLogBytes / page_bytes(*own_);
  sqlite3_wal_hook(writer_.handle(), committed, this);  // in the place of SQLite's own
  thread_ = std::thread([this] { keep(); });
}

LogKeeper::~LogKeeper() {
  sqlite3_wal_hook(writer_.handle(), nullptr, nullptr);
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
  thread_.join();
  if (lost_pages_) {
    sqlite3_db_config(writer_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
}

std::unique_lock<std::mutex> LogKeeper::transaction() {
  std::unique_lock lock(transaction_mutex_);
  begun_anew_.wait(lock, [this] { return !begins_anew_; });
  return lock;
}

int LogKeeper::committed(void* keeper, sqlite3*, const char*, int pages) {
  auto& self = *static_cast<LogKeeper*>(keeper);
  if (pages < self.pages_seen_) self.pages_seen_ = 0;  // the log has begun anew
  if (pages - self.pages_seen_ < self.step_pages_) return SQLITE_OK;
  self.pages_seen_ = pages;
  {
    const std::lock_guard lock(self.mutex_);
    self.wanted_ = true;
  }
  self.changed_.notify_one();
  return SQLITE_OK;
}

void LogKeeper::keep() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return wanted_ || closed_; });
    if (closed_) return;
    wanted_ = false;
    lock.unlock();
    bring_over();
    lock.lock();
  }
}

// The writer stands still while the last pages are brought over, so only few may be left by then:
// each round takes what was written during the one before it. Then the log begins anew in the room
// it has, which is synced faster than a file that grows. Where somebody reads for long that must
// wait; it is tried again after the log has grown by as much once more.
//
// A failed sync is told once: the kernel takes what it could not write for written, and the next
// sync would say that all is well. From then on all is left in the log, and the next one to open
// the file brings it over from the beginning.
void LogKeeper::bring_over() {
  const auto note = [this](const Brought& brought) {
    lost_pages_ = lost_pages_ || brought.result == SQLITE_IOERR_FSYNC;
    return brought;
  };
  if (lost_pages_) return;
  Brought brought = note(bring_over_and_sync(*own_));
  if (brought.pages_in_log < log_pages_) return;
  struct stat log {};
  if (stat((own_->file() + "-wal").c_str(), &log) != 0 || log.st_size < try_from_bytes_) return;
  for (int round = 1; brought.pages_left > kFewPages && round < kMostRounds; ++round) {
    brought = note(bring_over_and_sync(*own_));
  }
  if (lost_pages_) return;
  const bool is_long = log.st_size > kLongLogBytes;
  // A mutex alone would be the writer's again and again, and the pages would become many.
  begins_anew_ = true;
  {
    const std::lock_guard lock(transaction_mutex_);
    brought =
        note(checkpoint(*own_, is_long ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART));
    begins_anew_ = false;
  }
  begun_anew_.notify_one();
  try_from_bytes_ = brought.result == SQLITE_OK ? 0 : log.st_size + kLongLogBytes;
}

}  // namespace rare::engine
