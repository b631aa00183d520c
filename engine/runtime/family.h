// A family: one source record and everything that comes of it. The unit in which a run is
// committed.
//
// Thread-safety: any thread, until end_branch() returned true; from then on it belongs to whoever
// got that answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/state/ledger.h"
#include "engine/state/run_state.h"
#include "rare/record.h"

namespace rare::engine {

struct Row {
  std::uint32_t sink;  // the plan's node index
  Record record;
};

class Family {
 public:
  explicit Family(RecordId id) : root(std::move(id)) { ledger_.read = 1; }

  const RecordId root;

  // Branches: ways through the graph that have not ended. A family starts with one.
  void add_branches(std::int64_t count) { branches_.fetch_add(count, std::memory_order_relaxed); }
  // True for exactly one caller: the one that ended the last branch.
  bool end_branch() { return branches_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

  // A branch could not be followed to its end: the family is not committed and is done again.
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

  void count_emission(std::uint32_t node, std::uint64_t out, std::uint64_t made,
                      std::uint64_t copied) {
    const std::lock_guard lock(mutex_);
    ledger_.made += made;
    ledger_.copied += copied;
    events_.push_back({node, out, 0, 0, {}});
  }
  void count_filtered(std::uint32_t node, std::string reason) {
    const std::lock_guard lock(mutex_);
    ++ledger_.filtered;
    events_.push_back({node, 0, 1, 0, std::move(reason)});
  }
  void count_dropped(std::uint32_t node) {
    const std::lock_guard lock(mutex_);
    ++ledger_.dropped;
    events_.push_back({node, 0, 0, 0, {}});
  }
  void add_dead_letter(std::uint32_t node, DeadLetter letter) {
    const std::lock_guard lock(mutex_);
    ++ledger_.dead;
    events_.push_back({node, 0, 0, 1, {}});
    dead_letters_.push_back(std::move(letter));
  }
  void add_row(Row row) {
    const std::lock_guard lock(mutex_);
    ++ledger_.written;
    events_.push_back({row.sink, 0, 0, 0, {}});
    rows_.push_back(std::move(row));
  }

  // REQUIRES for all below: end_branch() returned true.
  const Ledger& ledger() const { return ledger_; }
  std::vector<Row>& rows() { return rows_; }
  std::vector<DeadLetter>& dead_letters() { return dead_letters_; }
  // Adds what happened to `tally`; every event is one record that came into a node (a source's is
  // the record it read).
  void add_to(Tally& tally) const {
    tally.ledger += ledger_;
    for (const Event& event : events_) {
      NodeTally& node = tally.nodes[event.node];
      ++node.in;
      node.out += event.out;
      node.filtered += event.filtered;
      node.dead += event.dead;
      if (!event.reason.empty()) ++node.filter_reasons[event.reason];
    }
  }
  std::size_t bytes = 0;      // estimate of what its rows hold; set by the committer
  bool holds_credit = false;  // given back by the committer instead of by the flow

 private:
  struct Event {
    std::uint32_t node;
    std::uint64_t out, filtered, dead;
    std::string reason;
  };
  std::atomic<std::int64_t> branches_{1};
  std::atomic<bool> abandoned_{false};
  std::mutex mutex_;
  Ledger ledger_;
  std::vector<Event> events_;
  std::vector<Row> rows_;
  std::vector<DeadLetter> dead_letters_;
};

// One record on its way, as the graph's nodes pass it on. Owned by exactly one place at a time.
struct Envelope {
  Record record;
  std::shared_ptr<Family> family;
  // A record that its source could not read: it goes no further than the source.
  Status read_error;
};

// Flow-graph messages must be copyable.
using Message = std::shared_ptr<Envelope>;

}  // namespace rare::engine
