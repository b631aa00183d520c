// A preview for readers and as JSON.
#pragma once

#include <string>

#include "engine/cli/terminal.h"
#include "engine/graph/plan.h"
#include "engine/runtime/preview.h"
#include "rare/json.h"

namespace rare::engine::cli {

// What each node did to each record.
std::string steps_text(const Plan& plan, const Preview& preview, const Style& style);
Json steps_json(const Plan& plan, const Preview& preview);  // "records" of preview_json()

std::string preview_text(const Plan& plan, const Preview& preview, const Style& style);

// {"records": [{"id", "steps": [{"node", "use", "id", "did", "reason"?, "out"?: [{"port", "added",
// "changed", "removed"}], "fields"?}]}], "ledger", "nodes", "elapsed_s", "fault"?, "estimate":
// {"reason_against"} or {"records", "calls", "prompt_tokens", "completion_tokens", "disk_bytes",
// "hours"?, "cost"?: each [low, middle, high], "hours_left_out"?, "cost_left_out"?}}.
Json preview_json(const Plan& plan, const Preview& preview);

}  // namespace rare::engine::cli
