#include "engine/runtime/sink_node.h"

#include <utility>

#include "engine/runtime/at_work.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/observed_body.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

SinkNode::SinkNode(Flow& flow, const PlannedNode& node, const Sink& sink, bool keeps_records)
    : flow_(flow),
      node_(node),
      sink_(sink),
      encodes_(sink.encodes()),
      keeps_records_(keeps_records),
      body_(
          flow.graph(), fg::unlimited,
          [this](const Message& train) {
            take(*train);
            return fg::continue_msg();
          },
          priority_of(node)) {}

Status SinkNode::accept(const Record& record, std::optional<std::string>& encoded) const {
  if (!encodes_) return sink_.accept(record);
  Result<std::string> row = sink_.encode(record);
  if (row.ok() && !keeps_records_) encoded = std::move(*row);
  return row.status();
}

void SinkNode::take(Train& train) {
  const AtWork at_work(node_);
  Departures departures(flow_);
  BodyClock clock(flow_.counters()[node_.index]);
  ObservedBody observed(flow_.work_observer(), node_);
  for (Envelope& envelope : train) {
    std::optional<std::string> encoded;
    observed.begin();
    const Status status = at_boundary([&] { return accept(envelope.record, encoded); });
    observed.end(&envelope.record.id(), status);
    clock.lap();
    if (status.ok()) {
      flow_.write(node_, std::move(envelope), std::move(encoded), departures);
    } else {
      flow_.fail(node_, std::move(envelope), status, departures);
    }
  }
}

}  // namespace rare::engine
