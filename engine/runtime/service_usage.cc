#include "engine/runtime/service_usage.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "engine/runtime/budget.h"
#include "engine/state/resume_reader.h"

namespace rare::engine {
namespace {

Json quantiles(const DurationCounts& durations) {
  return {{"p50", durations.quantile_ms(0.5)},
          {"p90", durations.quantile_ms(0.9)},
          {"p99", durations.quantile_ms(0.99)}};
}

std::map<std::string, PaidTotals> by_service(const std::map<PaidReplies::Key, PaidTotals>& paid) {
  std::map<std::string, PaidTotals> services;
  for (const auto& [key, totals] : paid) services[key.first] += totals;
  return services;
}

std::string seconds_text(double ms) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3g s", ms / 1000);
  return text;
}

void add_times(Json& to, const PaidTotals& paid) {
  if (!paid.latency.empty()) to["latency_ms"] = quantiles(paid.latency);
  if (!paid.first_token.empty()) to["first_token_ms"] = quantiles(paid.first_token);
}

std::optional<std::int64_t> number_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace

std::int64_t usage_number(const Json& usage, const char* name) {
  const auto at = usage.find(name);
  return at != usage.end() && at->is_number() ? at->get<std::int64_t>() : 0;
}

ServiceProgress service_progress(const std::string& name, const Json& usage) {
  ServiceProgress service;
  service.name = name;
  const auto count = [&usage](const char* of) {
    return static_cast<std::uint64_t>(usage_number(usage, of));
  };
  service.calls = count("calls");
  service.throttled = count("throttled");
  service.retries = count("retries");
  service.cache_hits = count("cache_hits");
  service.prompt_tokens = usage_number(usage, "prompt_tokens");
  service.completion_tokens = usage_number(usage, "completion_tokens");
  const auto cost = usage.find("cost");
  if (cost != usage.end() && cost->is_number()) service.cost = cost->get<double>();
  if (const auto now = usage.find("now"); now != usage.end() && now->is_object()) {
    service.in_flight = number_in(*now, "in_flight");
    service.limit = number_in(*now, "limit");
  }
  return service;
}

void add_usage(ServiceUsage& to, const ServiceUsage& more) {
  for (const auto& [service, numbers] : more) add_totals(to[service], numbers);
}

ServiceUsage uncounted(const std::map<PaidReplies::Key, PaidTotals>& paid,
                       const ServiceUsage& earlier) {
  ServiceUsage all;
  for (const auto& [key, totals] : paid) {
    const auto& [service, node] = key;
    Json counted = Json::object();
    if (const auto known = earlier.find(service); known != earlier.end()) {
      const auto by_node = known->second.find("by_node");
      if (by_node == known->second.end()) continue;
      counted = by_node->value(node, Json::object());
    }
    const auto left = [&](const char* name, std::int64_t stored) {
      return std::max(std::int64_t{0}, stored - usage_number(counted, name));
    };
    const std::int64_t replies = left("replies", totals.replies);
    if (replies == 0) continue;
    Json numbers = {{"calls", replies},
                    {"replies", replies},
                    {"prompt_tokens", left("prompt_tokens", totals.prompt_tokens)},
                    {"completion_tokens", left("completion_tokens", totals.completion_tokens)}};
    add_totals(all[service], numbers);
    all[service]["by_node"][node] = std::move(numbers);
  }
  return all;
}

Json services_json(const ServiceUsage& usage, const std::map<PaidReplies::Key, PaidTotals>& paid,
                   double elapsed_s) {
  Json services = Json::object();
  for (const auto& [service, numbers] : usage) services[service] = numbers;
  for (const auto& [key, totals] : paid) {
    const auto& [service, node] = key;
    add_times(services[service]["by_node"][node], totals);
  }
  for (const auto& [service, totals] : by_service(paid)) {
    add_times(services[service], totals);
    if (elapsed_s > 0) {
      services[service]["tokens_per_s"] = static_cast<double>(totals.completion_tokens) / elapsed_s;
    }
  }
  return services;
}

std::string usage_text(const ServiceUsage& by_service) {
  std::string text;
  for (const auto& [name, usage] : by_service) {
    if (!usage.contains("prompt_tokens")) continue;
    text += name + ": " + std::to_string(usage_number(usage, "prompt_tokens")) + " prompt + " +
            std::to_string(usage_number(usage, "completion_tokens")) + " completion tokens in " +
            std::to_string(usage_number(usage, "calls")) + " calls, " +
            std::to_string(usage_number(usage, "cache_hits")) + " answered from the reply store, " +
            std::to_string(usage_number(usage, "retries")) + " retried, " +
            std::to_string(usage_number(usage, "throttled")) + " throttled";
    if (const auto cost = usage.find("cost"); cost != usage.end() && cost->is_number()) {
      text += ", cost " + money_text(cost->get<double>());
    }
    const std::int64_t unanswered = usage_number(usage, "unanswered");
    if (unanswered > 0) {
      text += ", " + std::to_string(unanswered) +
              " sent but never answered (the endpoint may have billed them)";
    }
    text += "\n";
  }
  return text;
}

std::string times_text(const std::map<PaidReplies::Key, PaidTotals>& paid, double elapsed_s) {
  std::string text;
  for (const auto& [service, totals] : by_service(paid)) {
    if (totals.latency.empty()) continue;
    text += service + ": a reply took " + seconds_text(totals.latency.quantile_ms(0.5)) +
            " in the median, " + seconds_text(totals.latency.quantile_ms(0.99)) +
            " at most for 99%";
    if (!totals.first_token.empty()) {
      text += "; its first token " + seconds_text(totals.first_token.quantile_ms(0.5)) + " and " +
              seconds_text(totals.first_token.quantile_ms(0.99));
    }
    if (elapsed_s > 0) {
      char rate[40];
      std::snprintf(rate, sizeof rate, "; %.0f tokens/s",
                    static_cast<double>(totals.completion_tokens) / elapsed_s);
      text += rate;
    }
    text += "\n";
  }
  return text;
}

}  // namespace rare::engine
