#include "engine/runtime/source_node.h"

#include <algorithm>
#include <utility>

#include "engine/observe/log.h"
#include "engine/runtime/at_work.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/identities.h"
#include "engine/runtime/observed_body.h"

namespace rare::engine {
namespace {

// Ordinals that earlier starts finished take no credit: one turn passes over so many.
constexpr std::uint64_t kMostOrdinals = 1024;

}  // namespace

SourceNode::SourceNode(Flow& flow, Committer& committer, Credits& credits, Setup setup)
    : Origin(flow, credits, *setup.node, setup.instance->may_wait() ? 1 : kTrainRecords),
      committer_(committer),
      setup_(std::move(setup)),
      id_prefix_(id_prefix(setup_.source, *setup_.node)) {}

Origin::More SourceNode::give(std::int64_t most, std::vector<Given>& train) {
  const AtWork at_work(node_);
  const std::uint64_t first = setup_.next_ordinal;
  More more = More::yes;
  BodyClock clock(flow_.counters()[node_.index]);
  ObservedBody observed(flow_.work_observer(), node_);
  while (more == More::yes && !flow_.control().draining()) {
    if (static_cast<std::int64_t>(train.size()) == most || clock.slice_is_over()) break;
    if (setup_.next_ordinal - first >= kMostOrdinals) break;
    Pulled pulled = std::optional<Record>();
    observed.begin();
    if (!past_limit()) pulled = next_record_of(*setup_.instance);
    if (has_nothing_yet(pulled)) {
      more = More::later;
    } else if (!pulled.ok() && pulled.status().fault() == Fault::run) {
      end_run(pulled.status());
      more = More::no;
    } else if (pulled.ok() && !pulled->has_value()) {
      set_exhausted();
      more = More::no;
    } else {
      clock.lap();
      const std::uint64_t ordinal = setup_.next_ordinal++;
      if (setup_.finished.contains(ordinal)) continue;
      train.push_back(begin(std::move(pulled), ordinal));
      observed.end(&train.back().envelope.record.id(), train.back().error);
    }
  }
  note_progress();
  if (setup_.next_ordinal > first) {
    committer_.source_read(setup_.source, first, setup_.next_ordinal, train.size(),
                           setup_.instance->position());
  }
  if (exhausted()) committer_.source_ended(setup_.source);
  return more;
}

// Asked on the thread that reads from the source, which need not know of others. One that throws is
// not asked again: no run is lost for what is only told.
std::optional<Progress> SourceNode::progress() {
  if (progress_thrown_) return std::nullopt;
  try {
    return setup_.instance->progress();
  } catch (...) {
    progress_thrown_ = true;
    log_line(
        LogLevel::warning, node_.name,
        "how far it is in its input is not told: progress() " + status_of_exception().message());
    return std::nullopt;
  }
}

void SourceNode::note_progress() {
  NodeCounter& counter = flow_.counters()[node_.index];
  const std::optional<Progress> now = progress();
  const bool known = now && now->total && *now->total > 0;
  if (known) {
    counter.input_done.store(std::min(now->done, *now->total), std::memory_order_relaxed);
    counter.input_unit.store(now->unit, std::memory_order_relaxed);
  }
  counter.input_total.store(known ? *now->total : 0, std::memory_order_relaxed);
}

bool SourceNode::past_limit() const {
  if (setup_.limit && setup_.next_ordinal >= *setup_.limit) return true;
  return setup_.finished.next_missing(setup_.next_ordinal) == IntervalSet::kNone;
}

Origin::Given SourceNode::begin(Pulled pulled, std::uint64_t ordinal) {
  RecordId id(setup_.source, id_prefix_, ordinal);
  if (pulled.ok()) id.take_label((*pulled)->id());
  Given given;
  given.envelope = begin_family(id, Family::Begin::read, 0);
  flow_.record_read();
  if (pulled.ok()) {
    given.envelope.record = std::move(**pulled);
  } else {
    given.error = pulled.status();
  }
  given.envelope.record.set_id(std::move(id));
  return given;
}

}  // namespace rare::engine
