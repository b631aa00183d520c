#include "engine/state/log_keeper.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <utility>

namespace rare::engine {
namespace {

constexpr int kLogPages = 1000;  // 16 MB: as often as SQLite does it
constexpr off_t kLogBytes = 64 * 1024 * 1024;
constexpr int kWaitForReaders_ms = 200;

void checkpoint(sqlite::Database& database, int mode) {
  sqlite3_wal_checkpoint_v2(database.handle(), nullptr, mode, nullptr, nullptr);
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
    checkpoint(*own_, SQLITE_CHECKPOINT_PASSIVE);
    cut();
    lock.lock();
  }
}

// Little is left to bring over by now. Tried again only after the log has grown by as much once
// more: somebody may be reading for long.
void LogKeeper::cut() {
  struct stat log {};
  if (stat((own_->file() + "-wal").c_str(), &log) != 0) return;
  if (log.st_size < kLogBytes) tried_bytes_ = 0;
  if (log.st_size < tried_bytes_ + kLogBytes) return;
  tried_bytes_ = log.st_size;
  const std::lock_guard lock(transaction_mutex_);
  checkpoint(*own_, SQLITE_CHECKPOINT_TRUNCATE);
}

}  // namespace rare::engine
