// Flow: what all adapters of flow-graph nodes share: passing records on, ending branches, failures.
//
// Here stand the rules that keep records from vanishing: a branch ends in exactly one of the ways
// below; children are counted into their family before the first of them leaves; every try_put is
// checked; credits come back after the record is destroyed and before the graph stops waiting for
// it. Whoever works on a message takes message->record.share(): the message keeps the fields as
// they came in, for the dead letter. Thread-safety: any thread.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/runtime/buffered_output.h"
#include "engine/runtime/committer.h"
#include "engine/runtime/family.h"
#include "engine/runtime/flow_observer.h"
#include "engine/runtime/node_counters.h"
#include "engine/runtime/run_control.h"

namespace rare::engine {

class Flow {
 public:
  using Receiver = oneapi::tbb::flow::receiver<Message>;

  Flow(const Plan& plan, oneapi::tbb::flow::graph& graph, RunControl& control,
       Committer& committer);

  // While the graph is built: where records for `node` go, and what gives a credit back.
  void set_input(std::uint32_t node, Receiver& input) { inputs_[node] = &input; }
  void set_return_credit(std::function<void()> give) { return_credit_ = std::move(give); }
  // REQUIRES: the observer outlives the flow. None by default.
  void set_observer(FlowObserver* observer) { observer_ = observer; }

  // The record did its work at `node`: passes on what was emitted, or ends the branch as filtered.
  void release(const PlannedNode& node, Message message, BufferedOutput& output);
  // A family's first record, on the edges of its origin.
  void release_origin(const PlannedNode& node, Message message);
  // A whole-set node takes the record in.
  void take_in(const PlannedNode& node, Message message);
  // A family without a record.
  void end_counted(Message message) { end_branch(std::move(message)); }
  // The record failed at `node`.
  void fail(const PlannedNode& node, Message message, const Status& status);
  // The record reached its sink.
  void write(const PlannedNode& sink, Message message);
  // The branch cannot go on because the run is being cut.
  void abandon(Message message);

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
  // How much was read and dead in earlier starts of the run, for stop_after_errors.
  void set_earlier(std::uint64_t read, std::uint64_t dead) {
    earlier_read_ = read, earlier_dead_ = dead;
  }

 private:
  void put(std::uint32_t node, Message message);
  void end_branch(Message message);
  void check_error_share();

  const Plan& plan_;
  oneapi::tbb::flow::graph& graph_;
  RunControl& control_;
  Committer& committer_;
  std::vector<Receiver*> inputs_;
  std::function<void()> return_credit_;
  FlowObserver* observer_ = nullptr;
  NodeCounters counters_;
  std::atomic<std::uint64_t> started_{0}, read_{0}, finished_{0}, abandoned_{0}, dead_{0};
  std::uint64_t earlier_read_ = 0, earlier_dead_ = 0;
};

}  // namespace rare::engine
