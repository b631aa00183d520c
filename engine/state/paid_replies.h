// What a run paid for, by service and node: counted in replies.db in the transaction that stores
// the reply, so that it is exact however often the run is killed.
//
// Thread-safety: totals() from any thread, the rest from the thread of the database.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "engine/observe/duration_counts.h"
#include "engine/state/sqlite.h"
#include "rare/reply_store.h"
#include "rare/status.h"

namespace rare::engine {

// Of all starts of a run.
struct PaidTotals {
  std::int64_t replies = 0, prompt_tokens = 0, completion_tokens = 0;
  DurationCounts latency;      // to the end of the reply
  DurationCounts first_token;  // to its first piece, of those that came in pieces
  PaidTotals& operator+=(const PaidTotals& more);
};

class PaidReplies {
 public:
  using Key = std::pair<std::string, std::string>;  // service, node

  // REQUIRES: the database outlives it. No other process works for this run.
  PaidReplies(sqlite::Database& database, std::string run_id)
      : database_(database), run_id_(std::move(run_id)) {}

  // Reads what earlier starts counted. Before all else; makes the table in a file that has none. A
  // row that is not what was written counts as none.
  Status take_over();
  std::map<Key, PaidTotals> totals() const;

  // What of a reply is counted.
  struct Paid {
    std::string service, node;
    double latency_s = 0, first_token_s = 0;  // 0: not known
    std::int64_t prompt_tokens = 0, completion_tokens = 0;
  };
  // Within a transaction, in this order: for each reply that it stores, then the changes. Replies
  // without a service are not counted.
  void count(const Paid& paid);
  Status write();
  // After it: whether it came through; otherwise nothing of it was counted.
  void ended_transaction(bool committed);

 private:
  sqlite::Database& database_;
  const std::string run_id_;
  std::map<Key, PaidTotals> working_;
  std::set<Key> changed_;  // in the transaction that is under way
  mutable std::mutex mutex_;
  std::map<Key, PaidTotals> committed_;  // guarded by mutex_
};

}  // namespace rare::engine
