#include "engine/runtime/manifest.h"

#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "engine/graph/plan_text.h"
#include "rare/plugin.h"

namespace rare::engine {
namespace {

// Of this program alone, where the kernel says it: getrusage() counts in what the process was
// before it became this program, the memory of a large starter.
std::uint64_t peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::uint64_t counted(const NodeTally& tally, const Spec::Counter& counter) {
  const auto at = tally.counters.find(counter.name);
  return at == tally.counters.end() ? 0 : at->second;
}

// A line for each counter that is not 0.
std::string counters_text(const Plan& plan, const Tally& tally) {
  std::string text;
  for (const PlannedNode& node : plan.nodes) {
    for (const Spec::Counter& counter : node.spec().counters()) {
      const std::uint64_t count = counted(tally.nodes[node.index], counter);
      if (count == 0) continue;
      text += node.name + ": " + std::to_string(count) + " " + counter.doc + " (" + counter.name +
              ")\n";
    }
  }
  return text;
}

}  // namespace

Json manifest_json(const Plan& plan, const Registry* registry, const RunAccount& account,
                   const NodeCounters& counters) {
  Json manifest = {{"name", plan.config.name},
                   {"status", account.status},
                   {"records", account.tally.ledger.to_json()},
                   {"nodes", Json::object()},
                   {"services", services_json(account.usage, account.paid, account.elapsed_s)},
                   {"elapsed_s", account.elapsed_s},
                   {"peak_rss_bytes", peak_rss_bytes()},
                   {"results", account.results},
                   {"plugins", Json::array()},
                   {"config", plan_to_json(plan)}};
  manifest["versions"] = {{"rare-engine", RARE_ENGINE_VERSION},
                          {"sdk", std::to_string(RARE_SDK_VERSION_MAJOR) + "." +
                                      std::to_string(RARE_SDK_VERSION_MINOR)}};
  if (!account.fault.empty()) manifest["fault"] = account.fault;
  for (const PlannedNode& node : plan.nodes) {
    const NodeTally& tally = account.tally.nodes[node.index];
    Json entry = tally.to_json();
    for (const Spec::Counter& counter : node.spec().counters()) {
      entry["counters"][counter.name] = counted(tally, counter);
    }
    const LatencyHistogram& latency = counters[node.index].latency;
    entry["busy_s"] = latency.total_s();
    if (node.timeout_s) entry["late"] = counters[node.index].late.load();
    entry["p50_ms"] = latency.quantile_ms(0.5);
    entry["p99_ms"] = latency.quantile_ms(0.99);
    manifest["nodes"][node.name] = std::move(entry);
  }
  if (registry != nullptr) {
    for (const LoadedPlugin& plugin : registry->plugins()) {
      manifest["plugins"].push_back(
          {{"name", plugin.name}, {"version", plugin.version}, {"file", plugin.file}});
    }
  }
  return manifest;
}

std::string closing_text(const Plan& plan, const RunAccount& account) {
  std::string text = "ledger: " + account.tally.ledger.to_string() + "\n" +
                     counters_text(plan, account.tally) + usage_text(account.usage) +
                     times_text(account.paid, account.elapsed_s);
  char elapsed[64];
  std::snprintf(elapsed, sizeof elapsed, "time: %.1f s\n", account.elapsed_s);
  text += elapsed;
  if (account.tally.ledger.dead > 0) {
    text += "dead letters: " + std::to_string(account.tally.ledger.dead) + " in " +
            account.state_folder + "/dead_letters.jsonl\n";
  }
  if (account.status == "complete" || account.status == "limited") {
    for (const std::string& result : account.results) text += "result: " + result + "\n";
  }
  return text;
}

}  // namespace rare::engine
