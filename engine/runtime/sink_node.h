// Adapter of a Sink: records end here; their rows are written when their family is complete.
#pragma once

#include <optional>
#include <string>

#include "engine/runtime/graph_node.h"
#include "rare/sink.h"

namespace rare::engine {

class SinkNode final : public GraphNode {
 public:
  // `keeps_records`: rows are not encoded yet, because they wait in a spill.
  SinkNode(Flow& flow, const PlannedNode& node, const Sink& sink, bool keeps_records);
  Flow::Receiver& input() override { return body_; }

 private:
  void take(Train& train);
  Status accept(const Record& record, std::optional<std::string>& encoded) const;

  Flow& flow_;
  const PlannedNode& node_;
  const Sink& sink_;
  const bool encodes_;
  const bool keeps_records_;
  oneapi::tbb::flow::function_node<Message> body_;
};

}  // namespace rare::engine
