// What is seen of a run while it goes on.
#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/runtime/run_session.h"
#include "engine/runtime/service_usage.h"

namespace rare::engine {

ProgressSnapshot RunSession::snapshot() const {
  ProgressSnapshot now;
  const Ledger& earlier = resume_.tally.ledger;
  const Flow& flow = executor_->flow();
  now.elapsed_s = elapsed_s();
  now.read = earlier.read + flow.read();
  now.finished = earlier.read + committer_->families_written();
  now.dead = earlier.dead + flow.dead();
  now.ledger = (Ledger(earlier) += committer_->ledger()).to_json();
  now.in_flight = flow.started() - std::min(flow.started(), flow.finished() + flow.abandoned());
  now.memory_bytes = process_metrics().resident_bytes;
  for (const PlannedNode& node : plan_.nodes) {
    const NodeCounter& counter = executor_->counters()[node.index];
    now.nodes.push_back({node.name, counter.in_flight.load(), components_->parallelism(node),
                         counter.done.load(), counter.filtered.load(), counter.dropped.load(),
                         counter.dead.load(), counter.parked.load(), counter.latency.buckets()});
    now.streams = now.streams && !node.gathers();
  }
  now.input_share = input_share();
  now.services = services_now();
  return now;
}

// Nothing of a part of the input, for nobody says how large that is, nor where a source does not
// say it. Where sources count in different units, each counts as much as the others.
std::optional<double> RunSession::input_share() const {
  if (setup_.settings.limit) return std::nullopt;
  if (const auto& ranges = setup_.settings.ranges; !ranges.empty()) {
    double records = 0;
    for (const auto& [source, range] : ranges) {
      records += static_cast<double>(range.end - range.first);
    }
    const std::uint64_t read = resume_.tally.ledger.read + executor_->flow().read();
    return records > 0 ? std::min(1.0, static_cast<double>(read) / records) : 1.0;
  }
  std::vector<const NodeCounter*> sources;
  for (const PlannedNode& node : plan_.nodes) {
    if (node.kind() != ComponentKind::source) continue;
    sources.push_back(&executor_->counters()[node.index]);
    if (sources.back()->input_total.load() == 0) return std::nullopt;
  }
  const auto unit = [](const NodeCounter* source) {
    return std::string_view(source->input_unit.load());
  };
  const bool alike = std::all_of(sources.begin(), sources.end(), [&](const NodeCounter* source) {
    return unit(source) == unit(sources.front());
  });
  double done = 0, total = 0;
  for (const NodeCounter* const source : sources) {
    const auto of_source = static_cast<double>(source->input_total.load());
    done += static_cast<double>(source->input_done.load()) / (alike ? 1 : of_source);
    total += alike ? of_source : 1;
  }
  return total > 0 ? std::optional(std::min(1.0, done / total)) : std::nullopt;
}

std::vector<ServiceProgress> RunSession::services_now() const {
  std::map<std::string, Json> usage = components_->usage_and_load();
  add_costs(plan_.config.prices, usage);
  std::map<std::string, DurationCounts> latencies;
  if (replies_) {
    for (const auto& [key, totals] : replies_->paid()) latencies[key.first] += totals.latency;
  }
  std::map<std::string, std::string> activities = components_->activities();
  std::vector<ServiceProgress> services;
  for (const auto& [name, numbers] : usage) {
    ServiceProgress service = service_progress(name, numbers);
    service.latency = latencies[name].buckets();
    service.activity = std::move(activities[name]);
    services.push_back(std::move(service));
  }
  return services;
}

}  // namespace rare::engine
