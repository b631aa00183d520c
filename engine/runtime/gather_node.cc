#include "engine/runtime/gather_node.h"

#include <utility>

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

GatherNode::GatherNode(Flow& flow, Committer& committer, const PlannedNode& node,
                       Operator& instance, GatherSpill& spill, std::uint32_t place)
    : flow_(flow),
      committer_(committer),
      node_(node),
      instance_(instance),
      spill_(spill),
      place_(place),
      id_prefix_(std::make_shared<const std::string>(node.name)),
      arrivals_(
          flow.graph(), fg::unlimited,
          [this](Message message) {
            const InNode in_node(flow_.counters()[node_.index]);
            flow_.take_in(node_, std::move(message));
            return fg::continue_msg();
          },
          static_cast<fg::node_priority_t>(node.depth + 1)),
      giver_(flow.graph(), [this](oneapi::tbb::flow_control& control) { return give(control); }) {}

Status GatherNode::begin(IntervalSet finished) {
  Result<std::unique_ptr<SpilledRows>> rows = spill_.in_order();
  if (!rows) return rows.status();
  committer_.source_opened(place_, node_.name, Position(), 0, finished);
  finished_ = std::move(finished);
  pass_ = std::make_unique<GatherPass>(instance_, node_.ports(), std::move(*rows));
  return Status();
}

Message GatherNode::give(oneapi::tbb::flow_control& control) {
  while (!flow_.control().draining()) {
    GatherPass::Given given;
    Status fault;
    const GatherPass::Wait wait = pass_->next(given, fault);
    if (wait == GatherPass::Wait::not_yet) continue;
    if (wait == GatherPass::Wait::ended) {
      if (fault.ok()) {
        exhausted_.store(true);
        committer_.source_ended(place_);
      } else {
        flow_.control().fail(Status::run_fault(
            fault.code(),
            "node '" + node_.name + "' (" + node_.spec().name() + "): " + fault.message()));
      }
      break;
    }
    const std::uint64_t ordinal = next_ordinal_++;
    if (finished_.contains(ordinal)) {
      committer_.source_skipped(place_, ordinal, Position());
      continue;
    }
    return begin_family(std::move(given), ordinal);
  }
  // Here and not later: while the graph runs, somebody watches over an operator that does not end.
  pass_->end();
  control.stop();
  return Message();
}

Message GatherNode::begin_family(GatherPass::Given given, std::uint64_t ordinal) {
  auto message = std::make_shared<Envelope>();
  const RecordId root(place_, id_prefix_, ordinal);
  const bool only_counts = !given.record;
  message->family =
      std::make_shared<Family>(root, only_counts ? Family::Begin::empty : Family::Begin::made,
                               static_cast<std::uint32_t>(level()));
  message->family->count_gathered(node_.index, given.before);
  if (given.record) message->record = std::move(*given.record);
  // What passed through keeps its identity, for seeds and names; what was made here gets one.
  if (!message->record.id().is_set()) message->record.set_id(root);
  message->read_error = std::move(given.error);
  message->port = given.port;
  message->only_counts = only_counts;
  flow_.family_started();
  committer_.source_read(place_, ordinal, Position());
  return message;
}

void GatherNode::stamp(Message message) {
  if (message->only_counts) {
    flow_.end_counted(std::move(message));
  } else if (!message->read_error.ok()) {
    const Status status = message->read_error;
    flow_.fail(node_, std::move(message), status);
  } else {
    flow_.release_origin(node_, std::move(message));
  }
}

}  // namespace rare::engine
