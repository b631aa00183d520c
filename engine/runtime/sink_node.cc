#include "engine/runtime/sink_node.h"

#include <utility>

#include "engine/runtime/boundary.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

SinkNode::SinkNode(Flow& flow, const PlannedNode& node, const Sink& sink)
    : flow_(flow),
      node_(node),
      sink_(sink),
      body_(
          flow.graph(), fg::unlimited,
          [this](Message message) {
            const InNode in_node(flow_.counters()[node_.index]);
            const Status status = at_boundary([&] { return sink_.accept(message->record); });
            if (status.ok()) {
              flow_.write(node_, std::move(message));
            } else {
              flow_.fail(node_, std::move(message), status);
            }
            return fg::continue_msg();
          },
          static_cast<fg::node_priority_t>(node.depth + 1)) {}

}  // namespace rare::engine
