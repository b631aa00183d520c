// Adapter of an Operator: CPU work on the pool's threads, one instance per concurrent call.
//
// A body works off a train. When it takes long, it passes on what it has done and hands the rest
// back to the node, in as many parts as there are instances: heavy work spreads over all of them,
// and threads are free for nodes further down every millisecond or record.
#pragma once

#include <cstddef>
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
  void work_off(Train& train);
  // How many records of the train were dealt with.
  std::size_t process(Train& train, Operator& instance);
  void hand_back(Train& train, std::size_t from);
  Operator* take_instance();
  void put_back(Operator* instance);

  Flow& flow_;
  const PlannedNode& node_;
  const OutputNames names_;
  const std::size_t instances_;
  std::mutex mutex_;
  std::vector<Operator*> idle_;
  oneapi::tbb::flow::function_node<Message> body_;
};

}  // namespace rare::engine
