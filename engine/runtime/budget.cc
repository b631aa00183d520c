#include "engine/runtime/budget.h"

#include <cstdint>
#include <cstdio>
#include <utility>

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
  return cost_of(usage.value("prompt_tokens", 0.0), usage.value("completion_tokens", 0.0), price);
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
    for (Json& numbers : *by_node) numbers["cost"] = cost_of_usage(numbers, price->second);
  }
}

std::optional<Status> over_budget(const Budget& budget,
                                  const std::map<std::string, Json>& by_service) {
  std::int64_t tokens = 0;
  double cost = 0;
  for (const auto& [name, usage] : by_service) {
    tokens += usage.value("prompt_tokens", std::int64_t{0}) +
              usage.value("completion_tokens", std::int64_t{0});
    cost += usage.value("cost", 0.0);
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
