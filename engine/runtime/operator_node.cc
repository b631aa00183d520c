#include "engine/runtime/operator_node.h"

#include <utility>

#include "engine/runtime/boundary.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

// Deeper nodes get a higher priority: work that was begun is finished before new work is taken on.
OperatorNode::OperatorNode(Flow& flow, const PlannedNode& node, std::vector<Operator*> instances)
    : flow_(flow),
      node_(node),
      ports_(node.ports()),
      idle_(std::move(instances)),
      body_(
          flow.graph(), idle_.size(),
          [this](Message message) {
            process(std::move(message));
            return fg::continue_msg();
          },
          static_cast<fg::node_priority_t>(node.depth + 1)) {}

void OperatorNode::process(Message message) {
  if (flow_.control().aborting()) {
    flow_.abandon(std::move(message));
    return;
  }
  Operator* instance = nullptr;
  {
    const std::lock_guard lock(mutex_);
    instance = idle_.back();
    idle_.pop_back();
  }
  BufferedOutput output(ports_);
  Status status;
  {
    const InNode in_node(flow_.counters()[node_.index]);
    status = at_boundary([&] { return instance->process(message->record.share(), output); });
  }
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(instance);
  }
  if (status.ok()) {
    flow_.release(node_, std::move(message), output);
  } else {
    flow_.fail(node_, std::move(message), status);
  }
}

}  // namespace rare::engine
