// Which requests are on the wire, written to replies.db so that the next start of the run can tell
// how many were sent and never answered: an endpoint bills them all the same.
//
// Nothing waits for it and it costs no sync: what is new goes along with the next transaction of
// replies, or, when none comes within 250 ms, into one of its own that is not synced. So a process
// that is killed loses sight of at most the requests of its last 250 ms; a loss of power, of those
// since the last reply. Requests that are answered before they were written cost nothing at all.
// Two services that ask the same at once (same model, same question) count as one.
//
// Thread-safety: asked(), ended(), unanswered() and write_by() from any thread, the rest from the
// thread of the database.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/state/sqlite.h"
#include "rare/reply_store.h"
#include "rare/status.h"

namespace rare::engine {

class AskedCalls {
 public:
  using Clock = std::chrono::steady_clock;

  // REQUIRES: the database outlives it. No other process works for this run.
  AskedCalls(sqlite::Database& database, std::string run_id)
      : database_(database), run_id_(std::move(run_id)) {}

  // Counts what earlier starts of the run left open. Before all else; a transaction of its own.
  Status take_over();

  // See ReplyStore. Whether it is the first that waits to be written: write_by() has changed.
  bool asked(const std::string& key, const std::string& service);
  bool ended(const std::string& key, ReplyStore::Ending ending);
  // By service: requests of the run that went out and got no answer, of all its starts.
  std::map<std::string, std::uint64_t> unanswered() const;
  // When what waits is to be written at the latest; nothing waits: none.
  std::optional<Clock::time_point> write_by() const;

  // Within a transaction, in this order: for each reply that it stores, then what waits.
  void answered(const std::string& key);
  Status write();
  // After it: whether it came through. Otherwise what waited waits for the next one, and replies
  // that could not be stored remain unanswered.
  void ended_transaction(bool committed);

 private:
  struct Call {
    std::string service;
    std::uint64_t number = 0;  // tells it from a later one under the same key
    std::int64_t row = 0;      // 0: not written
  };
  struct Begun {
    std::string key, service;
    std::uint64_t number = 0;
    std::int64_t row = 0;
  };
  // What a transaction takes to disk.
  struct Changes {
    std::vector<Begun> begun;
    std::vector<std::int64_t> rows_answered, rows_ended;
    std::map<std::string, std::uint64_t> lost;
  };

  bool begin_waiting();
  void take_changes();

  sqlite::Database& database_;
  const std::string run_id_;
  Changes changes_;  // of the transaction that is under way

  mutable std::mutex mutex_;  // guards all that follows
  std::unordered_map<std::string, Call> open_;
  std::uint64_t next_number_ = 1;
  std::vector<std::pair<std::string, std::uint64_t>> unwritten_;
  std::vector<std::int64_t> rows_ended_;
  std::map<std::string, std::uint64_t> lost_;  // not written yet
  std::map<std::string, std::uint64_t> unanswered_;
  std::optional<Clock::time_point> waiting_since_;
};

}  // namespace rare::engine
