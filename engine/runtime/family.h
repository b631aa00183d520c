// A family: one record of a source, or one that a whole-set node gave out, and everything that
// comes of it. The unit in which a run is committed.
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
  // How it came to be: read from a source, made by a whole-set node, or only to carry what a
  // whole-set node counted.
  enum class Begin { read, made, empty };
  explicit Family(RecordId id, Begin begin = Begin::read, std::uint32_t on_level = 0)
      : root(std::move(id)), level(on_level) {
    if (begin == Begin::read) ledger_.read = 1;
    if (begin == Begin::made) ledger_.made = 1;
  }

  const RecordId root;
  const std::uint32_t level;  // of the graph: 0, or the one on which a whole-set node gave it out

  // Branches: ways through the graph that have not ended. A family starts with one.
  void add_branches(std::int64_t count) { branches_.fetch_add(count, std::memory_order_relaxed); }
  // True for exactly one caller: the one that ended the last branch.
  bool end_branch() { return branches_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

  // A branch could not be followed to its end: the family is not committed and is done again.
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

  // `in` below: 1, or 0 where a whole-set node gives out what it counted as it came in.
  void count_emission(std::uint32_t node, std::uint64_t in, std::uint64_t out, std::uint64_t made,
                      std::uint64_t copied) {
    const std::lock_guard lock(mutex_);
    ledger_.made += made;
    ledger_.copied += copied;
    events_.push_back({node, in, out, 0, 0, {}});
  }
  void count_gathered(std::uint32_t node, const NodeTally& tally) {
    const std::lock_guard lock(mutex_);
    for (const auto& [reason, count] : tally.filter_reasons) {
      events_.push_back({node, 0, 0, count, 0, reason});
    }
  }
  void count_filtered(std::uint32_t node, std::string reason) {
    const std::lock_guard lock(mutex_);
    ++ledger_.filtered;
    events_.push_back({node, 1, 0, 1, 0, std::move(reason)});
  }
  void count_dropped(std::uint32_t node, std::uint64_t in) {
    const std::lock_guard lock(mutex_);
    ++ledger_.dropped;
    events_.push_back({node, in, 0, 0, 0, {}});
  }
  void add_dead_letter(std::uint32_t node, std::uint64_t in, DeadLetter letter) {
    const std::lock_guard lock(mutex_);
    ++ledger_.dead;
    events_.push_back({node, in, 0, 0, 1, {}});
    dead_letters_.push_back(std::move(letter));
  }
  // For a sink, or (`merged`) for the spill of a whole-set node.
  void add_row(Row row, bool merged = false) {
    const std::lock_guard lock(mutex_);
    ++(merged ? ledger_.merged : ledger_.written);
    events_.push_back({row.sink, 1, 0, 0, 0, {}});
    rows_.push_back(std::move(row));
  }

  // REQUIRES for all below: end_branch() returned true.
  const Ledger& ledger() const { return ledger_; }
  std::vector<Row>& rows() { return rows_; }
  std::vector<DeadLetter>& dead_letters() { return dead_letters_; }
  // Adds what happened to `tally`.
  void add_to(Tally& tally) const {
    tally.ledger += ledger_;
    for (const Event& event : events_) {
      NodeTally& node = tally.nodes[event.node];
      node.in += event.in;
      node.out += event.out;
      node.filtered += event.filtered;
      node.dead += event.dead;
      if (!event.reason.empty()) node.filter_reasons[event.reason] += event.filtered;
    }
  }
  std::size_t bytes = 0;      // estimate of what its rows hold; set by the committer
  bool holds_credit = false;  // given back by the committer instead of by the flow

 private:
  struct Event {
    std::uint32_t node;
    std::uint64_t in, out, filtered, dead;
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
  // A record that its origin could not read or failed on: it goes no further.
  Status read_error;
  std::uint32_t port = 0;    // of its origin
  bool only_counts = false;  // there is no record: the family carries counts
};

// Flow-graph messages must be copyable.
using Message = std::shared_ptr<Envelope>;

}  // namespace rare::engine
