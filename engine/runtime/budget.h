// What a run costs, and when that is enough.
// Thread-safety: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/config/pipeline.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

std::string money_text(double amount);  // four digits that count

double cost_of(double prompt_tokens, double completion_tokens, const Price& price);

// Adds `cost` to the usage of each service that has a price, in all and by node: prompt_tokens and
// completion_tokens by the price of a million.
void add_costs(const std::map<std::string, Price>& prices, std::map<std::string, Json>& by_service);

// A run fault (budget_reached) when what all starts of a run used is no less than its budget.
std::optional<Status> over_budget(const Budget& budget,
                                  const std::map<std::string, Json>& by_service);

}  // namespace rare::engine
