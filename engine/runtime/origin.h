// Where families begin: a source, or a whole-set node that gives out what it took in.
//
// One serial node whose body takes credits, begins as many families, sends them off in a train, and
// asks for its next turn. When there are no credits, there is no next turn until some come back
// (credits.h).
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "engine/runtime/flow.h"

namespace rare::engine {

class Origin {
 public:
  virtual ~Origin() = default;
  // Begins to give out.
  void start() { turn_.try_put(oneapi::tbb::flow::continue_msg()); }
  // Whether it gave out all it has (or all that is asked for).
  bool exhausted() const { return exhausted_.load(); }

 protected:
  // A family's beginning.
  struct Given {
    Envelope envelope;
    Status error;  // the origin could not read the record, or failed on it: it goes no further
    std::uint32_t port = 0;
    bool only_counts = false;  // there is no record: the family carries counts
  };
  // later: it has nothing yet, and is asked again once the pool has nothing else to do.
  enum class More { yes, later, no };

  // `most_together`: records that may leave in one train.
  Origin(Flow& flow, Credits& credits, const PlannedNode& node, std::int64_t most_together);
  // Adds up to `most` families to `train`; the committer knows of them when this returns. Waits for
  // a first one at most.
  virtual More give(std::int64_t most, std::vector<Given>& train) = 0;

  // Called in the graph, once nothing more will be asked for.
  virtual void no_more_turns() {}

  void set_exhausted() { exhausted_.store(true); }
  void end_run(const Status& fault);
  // A family with its first branch.
  Envelope begin_family(RecordId root, Family::Begin begin, std::uint32_t level);

  Flow& flow_;
  const PlannedNode& node_;

 private:
  void take_turn();
  void send(Given given, Departures& departures);

  Credits& credits_;
  const std::int64_t most_together_;
  std::atomic<bool> exhausted_{false};
  oneapi::tbb::flow::function_node<oneapi::tbb::flow::continue_msg> turn_, later_;
};

}  // namespace rare::engine
