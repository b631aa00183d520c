// What comes to one point of the graph, in the order of the run: the origins above it and the
// operators between, run one record after the other on the caller's thread. It is read as the spill
// of a whole-set node is, and holds no more than what one record became.
//
// A record that cannot be read, or that an operator fails on, is left out. What would end the run
// ends the walk.
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/buffered_output.h"
#include "engine/runtime/corpus_origin.h"
#include "engine/state/gather_spill.h"
#include "rare/operator.h"

namespace rare::engine {

class CorpusWalk final : public SpilledRows {
 public:
  enum class End {
    into,    // what comes into the node, which is a whole-set one
    behind,  // what the node gives out, through any port
  };
  // REQUIRES: `scope` outlives the walk; the nodes are those of corpus_nodes(). Errors: one of the
  // components does not open.
  static Result<std::unique_ptr<CorpusWalk>> open(const CorpusScope& scope, std::uint32_t node,
                                                  End end);

  Result<std::optional<SpilledRow>> next() override;
  // What next() said, if it was an error.
  const Status& fault() const { return fault_; }

 private:
  struct OpenOperator {
    OpenOperator(const PlannedNode& node, const Environment& environment)
        : names(node), context(node.name, environment) {}
    const OutputNames names;
    ComponentContext context;
    std::unique_ptr<Operator> instance;
  };

  CorpusWalk(const CorpusScope& scope, std::uint32_t node, End end)
      : scope_(scope), node_(node), end_(end) {}
  std::vector<std::uint32_t> nodes_on_the_way() const;
  Status open_node(const PlannedNode& node);
  Status follow_next();
  Status pass_on(const PlannedNode& from, std::uint32_t port, const RecordId& parent, Record record,
                 RecordId::Step step);
  Status lead_to(std::uint32_t node, Record record);
  Status process(const PlannedNode& node, Record record);
  void arrive(Record record);

  const CorpusScope& scope_;
  const std::uint32_t node_;
  const End end_;
  std::vector<std::unique_ptr<CorpusOrigin>> origins_;  // that have not ended
  std::map<std::uint32_t, OpenOperator> operators_;     // by the plan's index
  RunPlace family_;                                     // whose records are followed
  std::deque<SpilledRow> arrived_;
  Status fault_;
};

}  // namespace rare::engine
