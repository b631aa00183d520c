#include "engine/state/log_keeper.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <utility>

namespace rare::engine {
namespace {

// 8 MB: the less there is to bring over, the shorter it keeps the disk from the commits' syncs. (A
// thousand pages, as SQLite does it, cost a fifth more at the 99th per cent, four thousand twice as
// much.)
constexpr int kLogPages = 500;
constexpr int kFewPages = 10;
constexpr int kMostRounds = 8;
constexpr off_t kLongLogBytes = 64 * 1024 * 1024;
constexpr int kWaitForReaders_ms = 200;

struct Brought {
  int result = 0;      // SQLite's
  int pages_left = 0;  // of the log, not in the database yet
};

Brought checkpoint(sqlite::Database& database, int mode) {
  int in_log = 0, done = 0;
  const int result = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, mode, &in_log, &done);
  return {result, in_log - done};
}

}  // namespace

LogKeeper::LogKeeper(sqlite::Database& writer, std::unique_ptr<sqlite::Database> own)
    : writer_(writer), own_(std::move(own)) {
  own_->set_busy_timeout(kWaitForReaders_ms);
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
}

int LogKeeper::committed(void* keeper, sqlite3*, const char*, int pages) {
  if (pages < kLogPages) return SQLITE_OK;
  auto& self = *static_cast<LogKeeper*>(keeper);
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
void LogKeeper::bring_over() {
  Brought brought = checkpoint(*own_, SQLITE_CHECKPOINT_PASSIVE);
  struct stat log {};
  if (stat((own_->file() + "-wal").c_str(), &log) != 0 || log.st_size < try_from_bytes_) return;
  for (int round = 1; brought.pages_left > kFewPages && round < kMostRounds; ++round) {
    brought = checkpoint(*own_, SQLITE_CHECKPOINT_PASSIVE);
  }
  const bool is_long = log.st_size > kLongLogBytes;
  const std::lock_guard lock(transaction_mutex_);
  brought = checkpoint(*own_, is_long ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART);
  try_from_bytes_ = brought.result == SQLITE_OK ? 0 : log.st_size + kLongLogBytes;
}

}  // namespace rare::engine
