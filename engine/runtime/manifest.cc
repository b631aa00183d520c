#include "engine/runtime/manifest.h"

#include <sys/resource.h>

#include <cstdio>
#include <set>
#include <utility>

#include "engine/graph/plan_text.h"
#include "engine/runtime/budget.h"
#include "rare/plugin.h"

namespace rare::engine {
namespace {

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::int64_t number(const Json& usage, const char* name) {
  const auto at = usage.find(name);
  return at != usage.end() && at->is_number() ? at->get<std::int64_t>() : 0;
}

Json added(Json to, const Json& from) {
  if (!to.is_object()) return from;
  for (auto at = from.begin(); at != from.end(); ++at) {
    Json& sum = to[at.key()];
    if (sum.is_number_integer() && at->is_number_integer()) {
      sum = sum.get<std::int64_t>() + at->get<std::int64_t>();
    } else if (sum.is_number() && at->is_number()) {
      sum = sum.get<double>() + at->get<double>();
    } else if (sum.is_null()) {
      sum = *at;
    }
  }
  return to;
}

}  // namespace

void add_usage(std::map<std::string, Json>& to, const std::map<std::string, Json>& more) {
  for (const auto& [service, numbers] : more) to[service] = added(std::move(to[service]), numbers);
}

Json manifest_json(const Plan& plan, const Registry* registry, const RunAccount& account,
                   const NodeCounters& counters) {
  Json manifest = {{"name", plan.config.name},
                   {"status", account.status},
                   {"records", account.tally.ledger.to_json()},
                   {"nodes", Json::object()},
                   {"services", Json::object()},
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
    Json entry = account.tally.nodes[node.index].to_json();
    const LatencyHistogram& latency = counters[node.index].latency;
    entry["busy_s"] = latency.total_s();
    if (node.timeout_s) entry["late"] = counters[node.index].late.load();
    entry["p50_ms"] = latency.quantile_ms(0.5);
    entry["p99_ms"] = latency.quantile_ms(0.99);
    manifest["nodes"][node.name] = std::move(entry);
  }
  for (const auto& [name, usage] : account.usage) manifest["services"][name] = usage;
  if (registry != nullptr) {
    for (const LoadedPlugin& plugin : registry->plugins()) {
      manifest["plugins"].push_back(
          {{"name", plugin.name}, {"version", plugin.version}, {"file", plugin.file}});
    }
  }
  return manifest;
}

std::string usage_text(const std::map<std::string, Json>& by_service) {
  std::string text;
  for (const auto& [name, usage] : by_service) {
    if (!usage.contains("prompt_tokens")) continue;
    text += name + ": " + std::to_string(number(usage, "prompt_tokens")) + " prompt + " +
            std::to_string(number(usage, "completion_tokens")) + " completion tokens in " +
            std::to_string(number(usage, "calls")) + " calls, " +
            std::to_string(number(usage, "cache_hits")) + " answered from the reply store, " +
            std::to_string(number(usage, "retries")) + " retried, " +
            std::to_string(number(usage, "throttled")) + " throttled";
    if (const auto cost = usage.find("cost"); cost != usage.end() && cost->is_number()) {
      text += ", cost " + money_text(cost->get<double>());
    }
    const std::int64_t unanswered = number(usage, "unanswered");
    if (unanswered > 0) {
      text += ", " + std::to_string(unanswered) +
              " sent but never answered (the endpoint may have billed them)";
    }
    text += "\n";
  }
  return text;
}

std::string closing_text(const RunAccount& account) {
  std::string text =
      "ledger: " + account.tally.ledger.to_string() + "\n" + usage_text(account.usage);
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
