// Flow: what all adapters of flow-graph nodes share: passing records on, ending branches, failures.
//
// Here stand the rules that keep records from vanishing: a branch ends in exactly one of the ways
// below; children are counted into their family before the first of them leaves; every try_put is
// checked; credits come back when a family has ended. Whoever works on a record takes
// envelope.record.share(): the envelope keeps the fields as they came in, for the dead letter.
// Thread-safety: any thread; a Departures belongs to one body.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/observe/record_tap.h"
#include "engine/observe/work_observer.h"
#include "engine/runtime/buffered_output.h"
#include "engine/runtime/committer.h"
#include "engine/runtime/credits.h"
#include "engine/runtime/family.h"
#include "engine/runtime/flow_observer.h"
#include "engine/runtime/node_counters.h"
#include "engine/runtime/overflow.h"
#include "engine/runtime/run_control.h"
#include "engine/runtime/train.h"

namespace rare::engine {

class Flow;

// Which body goes first when threads of the pool come free. Work further down goes first: what was
// begun is finished before new work is taken on.
inline oneapi::tbb::flow::node_priority_t priority_of(const PlannedNode& node) {
  return static_cast<oneapi::tbb::flow::node_priority_t>(node.depth + 1);
}
// Before all of it: short bodies that feed what needs no thread of the pool. How much they take on
// is bounded by credits; behind a queue of long bodies, slots of an endpoint would stand idle.
inline constexpr oneapi::tbb::flow::node_priority_t kFeedingFirst = 1u << 30;

// What leaves a node's body: a train for each receiver, and families that ended. It leaves with
// depart(), at the latest when the body is done.
class Departures {
 public:
  explicit Departures(Flow& flow) : flow_(flow) {}
  Departures(const Departures&) = delete;
  ~Departures() { depart(); }
  void depart();

 private:
  friend class Flow;
  struct Leaving {
    std::uint32_t node;
    Message train;
  };

  Flow& flow_;
  std::vector<Leaving> trains_;
  std::vector<std::unique_ptr<Family>> ended_;
};

class Flow {
 public:
  using Receiver = oneapi::tbb::flow::receiver<Message>;

  Flow(const Plan& plan, oneapi::tbb::flow::graph& graph, RunControl& control, Committer& committer,
       Credits& credits, Overflow::Limits limits);

  // While the graph is built: where records for `node` go.
  void set_input(std::uint32_t node, Receiver& input) { inputs_[node] = &input; }
  // REQUIRES: the observer outlives the flow. None by default. It sees all that a record gives
  // out: with one, no children wait on disk.
  void set_observer(FlowObserver* observer) { observer_ = observer; }
  // Records that leave a node, or reach a sink, are shown to it. REQUIRES: it outlives the flow.
  void set_tap(RecordTap* tap) { tap_ = tap; }
  // What records cost in their nodes is told to it. REQUIRES: it outlives the flow.
  void set_work_observer(WorkObserver* observer) { work_observer_ = observer; }
  WorkObserver* work_observer() const { return work_observer_; }  // null: nobody
  // For the output of an operator.
  BufferedOutput::Room room() {
    return observer_ != nullptr ? BufferedOutput::Room() : overflow_.room();
  }

  // The record did its work at `node`: passes on what was emitted, or ends the branch as filtered.
  void release(const PlannedNode& node, Envelope envelope, BufferedOutput& output,
               Departures& departures);
  // A family's first record, on the edges of its origin's port.
  void release_origin(const PlannedNode& node, std::uint32_t port, Envelope envelope,
                      Departures& departures);
  // A whole-set node takes the record in.
  void take_in(const PlannedNode& node, Envelope envelope, Departures& departures);
  // A family without a record.
  void end_counted(Envelope envelope, Departures& departures) {
    end_branch(std::move(envelope.family), departures);
  }
  // The record failed at `node`.
  void fail(const PlannedNode& node, Envelope envelope, const Status& status,
            Departures& departures);
  // The record reached its sink, which made its row where it encodes.
  void write(const PlannedNode& sink, Envelope envelope, std::optional<std::string> encoded,
             Departures& departures);
  // The branch cannot go on because the run is being cut.
  void abandon(Envelope envelope, Departures& departures);

  // All of a family waits somewhere without its credit, which is given back here.
  void came_to_rest();
  // So many families that rest on disk will not be followed to their end.
  void abandon_parked(std::size_t families) { abandoned_.fetch_add(families); }
  Credits& credits() { return credits_; }

  // A train to a node's receiver; for a node that puts records back to itself.
  void put(std::uint32_t node, Message train);

  void family_started() { started_.fetch_add(1, std::memory_order_relaxed); }
  void record_read() { read_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t started() const { return started_.load(); }
  std::uint64_t read() const { return read_.load(std::memory_order_relaxed); }
  std::uint64_t finished() const { return finished_.load(); }
  std::uint64_t abandoned() const { return abandoned_.load(); }
  std::uint64_t dead() const { return dead_.load(std::memory_order_relaxed); }

  oneapi::tbb::flow::graph& graph() { return graph_; }
  RunControl& control() { return control_; }
  NodeCounters& counters() { return counters_; }
  // While the graph is built: `stop_after_errors` does not end this run.
  void ignore_error_share() { ignores_error_share_ = true; }
  // How much was read and dead in earlier starts of the run, for stop_after_errors.
  void set_earlier(std::uint64_t read, std::uint64_t dead) {
    earlier_read_ = read, earlier_dead_ = dead;
  }

 private:
  friend class Departures;
  // Children of one record that leave together.
  struct Siblings {
    const PlannedNode& node;    // that made them
    const RecordId& parent;     // that they were made from
    std::uint32_t first_child;  // the number of the first of them
    std::uint32_t in;           // 1 where the parent is counted with them
    bool several;               // whether the parent has more children than one, here or elsewhere
  };
  void send(const Siblings& siblings, std::vector<BufferedOutput::Emission>& children,
            Branch family, Departures& departures);
  void release_in_parts(const PlannedNode& node, Envelope envelope, BufferedOutput& output,
                        Departures& departures);
  // A family for a part of the children, with its first branch.
  static Branch begin_part(const std::shared_ptr<HeldChildren>& held, bool has_own_credit);
  void begin_held_part(const std::shared_ptr<HeldChildren>& held, const HeldPart& part,
                       bool has_own_credit, Departures& departures);
  void end_part(std::unique_ptr<Family> part, Departures& departures);
  void absorb(HeldChildren& held, Family& part);
  void begin_waiting_part(Departures& departures);
  void pass_on(const std::vector<std::uint32_t>& edges, const RecordId& parent, Family& family,
               Record record, RecordId::Step step, Departures& departures);
  void show_origin(const PlannedNode& node, std::uint32_t port, const Record& record) const;
  bool is_tapped(std::uint32_t node) const { return tap_ != nullptr && tap_->is_open(node); }
  // One branch of a record on its way to `node`.
  void board(std::uint32_t node, Envelope envelope, Departures& departures);
  void end_branch(Branch branch, Departures& departures);
  // Families that end with these, and records that leave as they end, are added to `departures`.
  void end_families(std::vector<std::unique_ptr<Family>> ended, Departures& departures);
  void check_error_share();

  const Plan& plan_;
  oneapi::tbb::flow::graph& graph_;
  RunControl& control_;
  Committer& committer_;
  Credits& credits_;
  Overflow overflow_;
  std::vector<Receiver*> inputs_;
  FlowObserver* observer_ = nullptr;
  RecordTap* tap_ = nullptr;
  WorkObserver* work_observer_ = nullptr;
  NodeCounters counters_;
  std::atomic<std::uint64_t> started_{0}, read_{0}, finished_{0}, abandoned_{0}, dead_{0};
  std::uint64_t earlier_read_ = 0, earlier_dead_ = 0;
  bool ignores_error_share_ = false;
};

}  // namespace rare::engine
