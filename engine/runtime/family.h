// A family: one record of a source, or one that a whole-set node gave out, and everything that
// comes of it. The unit in which a run is committed.
//
// Ownership: by its branches (Branch); whoever ends the last one (the answer of end_branch()) owns
// the family from then on.
// Thread-safety: any thread that has a branch of it.
#pragma once

#include <atomic>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/runtime/row.h"
#include "engine/state/ledger.h"
#include "engine/state/run_state.h"
#include "rare/record.h"

namespace rare::engine {

struct HeldChildren;

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
  // `last`: for exactly one caller, the one that ended the last branch. `rests`: all branches that
  // are left are parked; for exactly one caller of end_branch() or park_branch() until one is not.
  struct Ended {
    bool last, rests;
  };
  Ended end_branch() {
    const std::int64_t left = branches_.fetch_sub(1, std::memory_order_acq_rel) - 1;
    return {left == 0, left != 0 && rests(left)};
  }
  // The caller's branch waits for something slow, elsewhere than in the graph. True: so do all.
  bool park_branch() {
    return rests(branches_.fetch_add(kParked, std::memory_order_acq_rel) + kParked);
  }
  // It goes on. True: the family rested until now.
  bool unpark_branch() { return rests(branches_.fetch_sub(kParked, std::memory_order_acq_rel)); }

  // REQUIRES: the caller has a branch that has not ended; so it is the only one.
  bool has_one_branch() const { return branches_.load(std::memory_order_acquire) % kParked == 1; }

  // A branch could not be followed to its end: the family is not committed and is done again.
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

  // REQUIRES for these: the caller has a branch that has not ended.
  // `in`: 1, or 0 where a whole-set node gives out what it counted as it came in.
  void count_emission(std::uint32_t node, std::uint32_t in, std::uint64_t out, std::uint64_t made,
                      std::uint64_t copied) {
    const auto lock = exclusively();
    ledger_.made += made;
    ledger_.copied += copied;
    events_.push_back({node, What::emitted, in, out});
  }
  void count_gathered(std::uint32_t node, const NodeTally& tally) {
    const auto lock = exclusively();
    for (const auto& [reason, count] : tally.filter_reasons) {
      events_.push_back({node, What::filtered, 0, count});
      names_.push_back(reason);
    }
    for (const auto& [counter, count] : tally.counters) {
      events_.push_back({node, What::counted, 0, count});
      names_.push_back(counter);
    }
  }
  // What an operator counts of itself.
  void count(std::uint32_t node, const std::string& counter, std::uint64_t more) {
    const auto lock = exclusively();
    events_.push_back({node, What::counted, 0, more});
    names_.push_back(counter);
  }
  void count_filtered(std::uint32_t node, std::string reason) {
    const auto lock = exclusively();
    ++ledger_.filtered;
    events_.push_back({node, What::filtered, 1, 1});
    names_.push_back(std::move(reason));
  }
  void count_dropped(std::uint32_t node, std::uint32_t in) {
    const auto lock = exclusively();
    ++ledger_.dropped;
    events_.push_back({node, What::emitted, in, 0});
  }
  void add_dead_letter(std::uint32_t node, std::uint32_t in, DeadLetter letter) {
    const auto lock = exclusively();
    ++ledger_.dead;
    events_.push_back({node, What::dead, in, 1});
    dead_letters_.push_back(std::move(letter));
  }
  // For a sink, or (`merged`) for the spill of a whole-set node.
  void add_row(Row row, bool merged = false) {
    const auto lock = exclusively();
    ++(merged ? ledger_.merged : ledger_.written);
    events_.push_back({row.sink, What::emitted, 1, 0});
    rows_.push_back(std::move(row));
  }

  // Roughly. REQUIRES: the caller has a branch that has not ended, or has ended the last one.
  std::size_t bytes_in_memory();
  // A family of its own for a part of the children of one record, with a credit of its own or
  // that of the record's family, and from its end on a part of that: what happened in it, with its
  // rows. Of those in memory, in all, what is beyond `most_bytes` comes back, for a run on disk.
  // REQUIRES: the part's last branch has ended, and no other part of the same children is being
  // absorbed.
  std::vector<Row> absorb(Family& part, std::size_t most_bytes);
  void add_run(RowRun run) {
    const auto lock = exclusively();
    runs_.push_back(std::move(run));
  }

  // REQUIRES for all below: the last branch has ended.
  const Ledger& ledger() const { return ledger_; }
  std::vector<Row>& rows() { return rows_; }
  std::vector<RowRun>& runs() { return runs_; }  // the rows that wait on disk
  std::vector<DeadLetter>& dead_letters() { return dead_letters_; }
  // Adds what happened to `tally`.
  void add_to(Tally& tally) const {
    tally.ledger += ledger_;
    auto name = names_.begin();
    for (const Event& event : events_) {
      NodeTally& node = tally.nodes[event.node];
      node.in += event.in;
      if (event.what == What::emitted) node.out += event.count;
      if (event.what == What::dead) node.dead += event.count;
      if (!is_named(event.what)) continue;
      if (event.what == What::filtered) node.filtered += event.count;
      auto& counts = event.what == What::filtered ? node.filter_reasons : node.counters;
      if (!name->empty()) counts[*name] += event.count;
      ++name;
    }
  }
  std::size_t bytes = 0;      // estimate of what it holds; set by the committer
  bool holds_credit = false;  // given back by the committer instead of by the flow
  // Set before the first branch leaves: the children of which this is a part, and whether it has
  // a credit of its own.
  std::shared_ptr<HeldChildren> part_of;
  bool has_own_credit = false;

  // All that is committed of it, for a wait on disk, and the record of its one branch where it has
  // not ended; and both made again from that. `bytes` that encode() did not make give an error.
  std::string encode(const Record* record = nullptr) const;
  static Result<std::unique_ptr<Family>> decode(std::string_view bytes, Record* record = nullptr);

 private:
  enum class What : std::uint8_t { emitted, filtered, dead, counted };
  static bool is_named(What what) { return what == What::filtered || what == What::counted; }
  struct Event {
    std::uint32_t node;
    What what;
    std::uint32_t in;
    std::uint64_t count;
  };

  void absorb_events(Family& part);

  // A family with one branch belongs to that branch's thread alone, and most families never have
  // more: then there is nothing to lock.
  std::unique_lock<std::mutex> exclusively() {
    if (has_one_branch()) return {};
    return std::unique_lock(mutex_);
  }

  static constexpr std::int64_t kParked = std::int64_t{1} << 32;
  static bool rests(std::int64_t branches) { return branches % kParked == branches / kParked; }

  std::atomic<std::int64_t> branches_{1};  // and kParked for each of them that is parked
  std::atomic<bool> abandoned_{false};
  std::mutex mutex_;
  Ledger ledger_;
  // Room for the way through a pipeline of some length without asking for memory.
  boost::container::small_vector<Event, 8> events_;
  // Of the events `filtered` (the reason) and `counted` (the counter), in their order.
  std::vector<std::string> names_;
  std::vector<Row> rows_;
  std::vector<RowRun> runs_;
  std::size_t absorbed_bytes_ = 0;  // of the rows in memory that came from parts
  std::vector<DeadLetter> dead_letters_;
};

// A branch that is dropped without having been ended, which is a defect of the engine: the family
// is not committed, and the run ends with a ledger that is off.
struct LoseBranch {
  void operator()(Family* family) const {
    family->abandon();
    if (family->end_branch().last) delete family;
  }
};
// One branch's share of its family.
using Branch = std::unique_ptr<Family, LoseBranch>;

}  // namespace rare::engine
