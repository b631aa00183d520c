// The account of a run: manifest.json and what the user reads at the end.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/runtime/node_counters.h"
#include "engine/state/ledger.h"
#include "rare/json.h"

namespace rare::engine {

struct RunAccount {
  std::string status;                 // complete, interrupted, failed, limited
  Tally tally;                        // of all starts
  std::map<std::string, Json> usage;  // by service, of all starts
  double elapsed_s = 0;               // of all starts
  std::vector<std::string> results;   // where the output is
  std::string state_folder;
  std::string fault;  // what ended the run, or empty
};

// Adds the numbers of each service by name; what is no number stays as it is in `to`.
void add_usage(std::map<std::string, Json>& to, const std::map<std::string, Json>& more);

Json manifest_json(const Plan& plan, const Registry* registry, const RunAccount& account,
                   const NodeCounters& counters);
// A line for each service that took tokens.
std::string usage_text(const std::map<std::string, Json>& usage);
std::string closing_text(const RunAccount& account);

}  // namespace rare::engine
