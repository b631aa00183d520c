// Brings a database's write-ahead log into the database, on a thread and a connection of its own,
// so that no commit waits for it; and lets the log begin anew, so that it stays short.
//
// SQLite itself does the first within a commit, and never the second while somebody reads or
// writes all the time. Failures are left to the next attempt: what is in the log is safe there.
// After one of the disk there is none: see bring_over(). Thread-safety: transaction() from the
// writer's thread, the rest from the owner's.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/state/sqlite.h"

namespace rare::engine {

class LogKeeper {
 public:
  // `writer` is the connection whose commits fill the log, `own` another one to the same file. The
  // writer outlives the keeper and makes no commit while this is made or ends.
  LogKeeper(sqlite::Database& writer, std::unique_ptr<sqlite::Database> own);
  ~LogKeeper();
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;

  // Held by the writer from the beginning of a transaction to its end: it waits while the log
  // begins anew, which SQLite would make it do by trying again and again.
  std::unique_lock<std::mutex> transaction();
  // The disk refused what was to be brought into the database: nothing more is brought there, and
  // the log grows. Any thread.
  bool lost_pages() const { return lost_pages_; }

 private:
  static int committed(void* keeper, sqlite3* database, const char* name, int pages);
  void keep();
  void bring_over();

  sqlite::Database& writer_;
  const std::unique_ptr<sqlite::Database> own_;
  std::int64_t step_pages_ = 0, log_pages_ = 0;
  std::int64_t pages_seen_ = 0;  // of the log when a step was last wanted; the writer's thread
  off_t try_from_bytes_ = 0;
  std::atomic<bool> lost_pages_ = false;  // the database was not synced
  std::mutex transaction_mutex_;
  std::condition_variable begun_anew_;
  std::atomic<bool> begins_anew_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false, closed_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace rare::engine
