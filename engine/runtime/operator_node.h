// Adapter of an Operator: CPU work on the pool's threads, one instance per concurrent call.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/runtime/graph_node.h"
#include "rare/operator.h"

namespace rare::engine {

class OperatorNode final : public GraphNode {
 public:
  // REQUIRES: as many instances as the node's parallelism, all open.
  OperatorNode(Flow& flow, const PlannedNode& node, std::vector<Operator*> instances);
  Flow::Receiver& input() override { return body_; }

 private:
  void process(Message message);

  Flow& flow_;
  const PlannedNode& node_;
  const std::vector<std::string> ports_;
  std::mutex mutex_;
  std::vector<Operator*> idle_;
  oneapi::tbb::flow::function_node<Message> body_;
};

}  // namespace rare::engine
