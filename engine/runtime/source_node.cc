#include "engine/runtime/source_node.h"

#include <utility>

#include "engine/runtime/boundary.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

SourceNode::SourceNode(Flow& flow, Committer& committer, Setup setup)
    : flow_(flow),
      committer_(committer),
      setup_(std::move(setup)),
      reader_(flow.graph(), [this](oneapi::tbb::flow_control& control) { return read(control); }) {
  if (setup_.source > 0) id_prefix_ = std::make_shared<const std::string>(setup_.node->name);
}

bool SourceNode::past_limit() const { return setup_.limit && setup_.next_ordinal >= *setup_.limit; }

// A source that throws has lost its place: that ends the run, because going on could repeat for
// ever.
Result<std::optional<Record>> SourceNode::pull() {
  try {
    return setup_.instance->next();
  } catch (...) {
    const Status thrown = status_of_exception();
    return Status::run_fault(thrown.code(), thrown.message());
  }
}

Message SourceNode::read(oneapi::tbb::flow_control& control) {
  const auto stop = [&control] {
    control.stop();
    return Message();
  };
  while (!flow_.control().draining()) {
    Result<std::optional<Record>> next = std::optional<Record>();
    if (!past_limit()) {
      const InNode in_node(flow_.counters()[setup_.node->index]);
      next = pull();
    }
    if (!next.ok() && next.status().fault() == Fault::run) {
      const Status status = next.status();
      flow_.control().fail(Status::run_fault(status.code(), "node '" + setup_.node->name + "' (" +
                                                                setup_.node->spec().name() +
                                                                "): " + status.message()));
      return stop();
    }
    if (next.ok() && !next->has_value()) {
      exhausted_.store(true);
      committer_.source_ended(setup_.source);
      return stop();
    }
    const std::uint64_t ordinal = setup_.next_ordinal++;
    if (setup_.finished.contains(ordinal)) {
      committer_.source_skipped(setup_.source, ordinal, setup_.instance->position());
      continue;
    }
    auto message = std::make_shared<Envelope>();
    RecordId id(setup_.source, id_prefix_, ordinal);
    message->family = std::make_shared<Family>(id);
    if (next.ok()) {
      message->record = std::move(**next);
    } else {
      message->read_error = next.status();
    }
    message->record.set_id(std::move(id));
    flow_.family_started();
    flow_.record_read();
    committer_.source_read(setup_.source, ordinal, setup_.instance->position());
    return message;
  }
  return stop();
}

void SourceNode::stamp(Message message) {
  if (!message->read_error.ok()) {
    const Status status = message->read_error;
    flow_.fail(*setup_.node, std::move(message), status);
  } else {
    flow_.release_origin(*setup_.node, std::move(message));
  }
}

}  // namespace rare::engine
