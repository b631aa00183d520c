// The account of a run: manifest.json and what the user reads at the end.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/runtime/node_counters.h"
#include "engine/runtime/service_usage.h"
#include "engine/state/ledger.h"
#include "engine/state/paid_replies.h"
#include "rare/json.h"

namespace rare::engine {

struct RunAccount {
  std::string status;                           // complete, interrupted, failed, limited
  Tally tally;                                  // of all starts
  ServiceUsage usage;                           // of all starts
  std::map<PaidReplies::Key, PaidTotals> paid;  // of all starts
  double elapsed_s = 0;                         // of all starts
  std::vector<std::string> results;             // where the output is
  std::string state_folder;
  std::string fault;  // what ended the run, or empty
};

Json manifest_json(const Plan& plan, const Registry* registry, const RunAccount& account,
                   const NodeCounters& counters);
std::string closing_text(const Plan& plan, const RunAccount& account);

}  // namespace rare::engine
