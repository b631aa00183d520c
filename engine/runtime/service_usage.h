// What services count of themselves, over the starts of a run, and what the reply store knows of
// it.
//
// By service: numbers by name (calls, replies, prompt_tokens, cost, ...), and in `by_node` the same
// for each node that asks. Thread-safety: pure functions.
#pragma once

#include <map>
#include <string>

#include "engine/observe/progress_snapshot.h"
#include "engine/state/paid_replies.h"
#include "rare/json.h"

namespace rare::engine {

using ServiceUsage = std::map<std::string, Json>;

// A number of those; 0 where there is none of that name.
std::int64_t usage_number(const Json& usage, const char* name);

// What it counts and says of now, but for times.
ServiceProgress service_progress(const std::string& name, const Json& usage);

// Adds the numbers of each service by name, at any depth.
void add_usage(ServiceUsage& to, const ServiceUsage& more);

// What was paid for and stands in none of the earlier starts' counts, because they ended before
// they could say so. Nothing of a service that does not count its replies by node.
ServiceUsage uncounted(const std::map<PaidReplies::Key, PaidTotals>& paid,
                       const ServiceUsage& earlier);

// The services of a manifest: the counts, with quantiles of `latency_ms` and `first_token_ms` for
// each service and node, and `tokens_per_s` of answers over the time of all starts.
Json services_json(const ServiceUsage& usage, const std::map<PaidReplies::Key, PaidTotals>& paid,
                   double elapsed_s);
// A line for each service that took tokens.
std::string usage_text(const ServiceUsage& usage);
// A line for each service whose replies were timed.
std::string times_text(const std::map<PaidReplies::Key, PaidTotals>& paid, double elapsed_s);

}  // namespace rare::engine
