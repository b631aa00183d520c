#include "engine/runtime/budget.h"

#include <cstdint>
#include <cstdio>
#include <utility>

#include "engine/runtime/service_usage.h"

namespace rare::engine {
namespace {

Status reached(const std::string& key, const std::string& limit, const std::string& used) {
  return Status::run_fault(
      StatusCode::budget_reached,
      "the budget is reached: " + used + " of `budget: { " + key + ": " + limit +
          " }`. Every reply that was paid for is stored. Raise the budget and start the same "
          "command again: it goes on from here.");
}

double cost_of_usage(const Json& usage, const Price& price) {
  return cost_of(static_cast<double>(usage_number(usage, "prompt_tokens")),
                 static_cast<double>(usage_number(usage, "completion_tokens")), price);
}

}  // namespace

double cost_of(double prompt_tokens, double completion_tokens, const Price& price) {
  return (prompt_tokens * price.prompt + completion_tokens * price.completion) / 1e6;
}

std::string money_text(double amount) {
  char text[40];
  std::snprintf(text, sizeof text, "%.4g", amount);
  return text;
}

void add_costs(const std::map<std::string, Price>& prices,
               std::map<std::string, Json>& by_service) {
  for (auto& [name, usage] : by_service) {
    const auto price = prices.find(name);
    if (price == prices.end()) continue;
    usage["cost"] = cost_of_usage(usage, price->second);
    const auto by_node = usage.find("by_node");
    if (by_node == usage.end() || !by_node->is_object()) continue;
    for (Json& numbers : *by_node) {
      if (numbers.is_object()) numbers["cost"] = cost_of_usage(numbers, price->second);
    }
  }
}

std::optional<Status> over_budget(const Budget& budget,
                                  const std::map<std::string, Json>& by_service) {
  std::int64_t tokens = 0;
  double cost = 0;
  for (const auto& [name, usage] : by_service) {
    tokens += usage_number(usage, "prompt_tokens") + usage_number(usage, "completion_tokens");
    const auto of_service = usage.find("cost");
    if (of_service != usage.end() && of_service->is_number()) cost += of_service->get<double>();
  }
  if (budget.tokens && tokens >= *budget.tokens) {
    return reached("tokens", std::to_string(*budget.tokens), std::to_string(tokens) + " tokens");
  }
  if (budget.cost && cost >= *budget.cost) {
    return reached("cost", money_text(*budget.cost), money_text(cost));
  }
  return std::nullopt;
}

}  // namespace rare::engine
