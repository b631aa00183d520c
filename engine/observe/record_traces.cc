#include "engine/observe/record_traces.h"

#include <cmath>
#include <utility>

#include "rare/random.h"

namespace rare::engine {
namespace {

std::uint64_t mixed(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return Random(Random(Random(a).next() ^ b).next() ^ c).next();
}

// 0 means none.
std::uint64_t some_id(std::uint64_t id) { return id == 0 ? 1 : id; }

std::uint64_t root_span_of(std::uint64_t trace_low) { return some_id(Random(~trace_low).next()); }

std::int64_t steady_to_unix_ns() {
  const auto unix_now = std::chrono::system_clock::now().time_since_epoch();
  const auto steady_now = WorkClock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(unix_now).count() -
         std::chrono::duration_cast<std::chrono::nanoseconds>(steady_now).count();
}

double seconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) * 1e-9; }

void note_status(Span& span, const Status& status) {
  span.failed = !status.ok();
  if (span.failed) span.error = reason_of(status);
}

}  // namespace

RecordTraces::RecordTraces(Setup setup)
    : setup_(std::move(setup)), to_unix_ns_(steady_to_unix_ns()) {}

bool RecordTraces::is_sampled(const RecordId& id) const {
  if (setup_.share >= 1) return true;
  const std::uint64_t drawn = mixed(0, id.source(), id.ordinal());
  return std::ldexp(static_cast<double>(drawn), -64) < setup_.share;
}

std::int64_t RecordTraces::unix_ns(WorkClock::time_point time) const {
  return std::chrono::nanoseconds(time.time_since_epoch()).count() + to_unix_ns_;
}

std::uint64_t RecordTraces::next_id() {
  return some_id(mixed(setup_.nonce, 2, spans_.fetch_add(1, std::memory_order_relaxed)));
}

Span RecordTraces::begin_span(const RecordId& id, WorkClock::time_point begin,
                              WorkClock::time_point end) {
  Span span;
  span.trace_high = mixed(setup_.nonce, id.source(), id.ordinal());
  span.trace_low = some_id(mixed(~setup_.nonce, id.source(), id.ordinal()));
  span.begin_unix_ns = unix_ns(begin);
  span.end_unix_ns = unix_ns(end);
  return span;
}

// A source record begins where its source gives it out, and one that a whole-set node made where it
// is first seen.
void RecordTraces::note_begin(const NodeVisit& visit) {
  const bool is_made = visit.id->source() >= setup_.sources;
  if (!is_made && !setup_.is_source[visit.node]) return;
  const std::lock_guard lock(mutex_);
  if (open_.size() < kMostOpen) {
    open_.try_emplace({visit.id->source(), visit.id->ordinal()}, visit.begin);
  }
}

void RecordTraces::visited(const NodeVisit& visit) {
  if (visit.id == nullptr || !is_sampled(*visit.id)) return;
  note_begin(visit);
  const std::string record = visit.id->to_string();
  const std::string& node = setup_.nodes[visit.node];
  std::vector<Span> spans;
  Span span = begin_span(*visit.id, visit.begin, visit.end);
  span.id = next_id();
  span.parent = root_span_of(span.trace_low);
  span.name = node;
  span.attributes = {{"rare.node", node},
                     {"rare.record", record},
                     {"rare.cpu_s", seconds(visit.cpu)},
                     {"rare.waited_s", seconds(visit.waited())}};
  if (visit.filtered) span.attributes.emplace_back("rare.filtered", true);
  note_status(span, *visit.status);
  const std::uint64_t of_visit = span.id;
  spans.push_back(std::move(span));
  for (const ModelCall& call : visit.calls) {
    Span asked = begin_span(*visit.id, call.begin, call.end);
    asked.id = next_id();
    asked.parent = of_visit;
    asked.name = "chat " + call.service;
    asked.kind = Span::Kind::client;
    asked.attributes = {{"gen_ai.operation.name", std::string("chat")},
                        {"rare.service", call.service},
                        {"rare.node", node},
                        {"rare.record", record},
                        {"rare.attempt", std::int64_t{call.attempt}},
                        {"rare.from_store", call.from_store}};
    if (call.status.ok()) {
      asked.attributes.emplace_back("gen_ai.response.model", call.model);
      asked.attributes.emplace_back("gen_ai.usage.input_tokens", call.prompt_tokens);
      asked.attributes.emplace_back("gen_ai.usage.output_tokens", call.completion_tokens);
    }
    note_status(asked, call.status);
    spans.push_back(std::move(asked));
  }
  setup_.take(std::move(spans));
}

void RecordTraces::ended(const RecordId& root, std::uint64_t dead, bool abandoned) {
  if (!is_sampled(root)) return;
  WorkClock::time_point begin;
  {
    const std::lock_guard lock(mutex_);
    const auto at = open_.find({root.source(), root.ordinal()});
    if (at == open_.end()) return;
    begin = at->second;
    open_.erase(at);
  }
  Span span = begin_span(root, begin, WorkClock::now());
  span.id = root_span_of(span.trace_low);
  span.name = "record";
  span.attributes = {{"rare.record", root.to_string()},
                     {"rare.dead_letters", static_cast<std::int64_t>(dead)}};
  if (abandoned) span.attributes.emplace_back("rare.abandoned", true);
  if (dead > 0) {
    note_status(span, Status(StatusCode::internal,
                             std::to_string(dead) + " of its records are dead letters"));
  }
  std::vector<Span> spans;
  spans.push_back(std::move(span));
  setup_.take(std::move(spans));
}

}  // namespace rare::engine
