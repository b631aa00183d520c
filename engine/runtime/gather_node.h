// Adapter of a whole-set Operator: takes records in on its level, gives out on the next.
//
//   function_node (into the family's rows; the committer takes them to the spill)
//   -- all of the level is committed --
//   Origin (what the operator gives out, each the root of a family of its own)
//
// A run that was interrupted takes the operator over the same spill again: what it gives out has
// the same numbers, and those that are finished are passed over.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/gather_pass.h"
#include "engine/runtime/graph_node.h"
#include "engine/runtime/origin.h"
#include "engine/state/interval_set.h"

namespace rare::engine {

class GatherNode final : public GraphNode, public Origin {
 public:
  // `place`: among the origins of the run, after all sources. REQUIRES: `spill` has the rows of
  // earlier starts.
  GatherNode(Flow& flow, Committer& committer, Credits& credits, const PlannedNode& node,
             Operator& instance, GatherSpill& spill, std::uint32_t place);

  const std::string& name() const { return node_.name; }
  // On which it gives out.
  int level() const { return node_.level + 1; }
  Flow::Receiver& input() override { return arrivals_; }
  // Before start(). `finished`: by earlier starts. REQUIRES: all that it takes in is committed.
  Status begin(IntervalSet finished);

 private:
  void take_in(Train& train);
  More give(std::int64_t most, std::vector<Given>& train) override;
  // While the graph runs somebody watches over an operator that does not end.
  void no_more_turns() override;
  More ended(const Status& fault);
  Given begin(GatherPass::Given passed, std::uint64_t ordinal);

  Committer& committer_;
  Operator& instance_;
  GatherSpill& spill_;
  const std::uint32_t place_;
  const std::shared_ptr<const std::string> id_prefix_;
  IntervalSet finished_;
  std::uint64_t next_ordinal_ = 0;
  std::unique_ptr<GatherPass> pass_;
  oneapi::tbb::flow::function_node<Message> arrivals_;
};

}  // namespace rare::engine
