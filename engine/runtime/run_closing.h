// What ends a run and a retry alike: output in its place, reports, the account for people.
// Thread-safety: functions of one thread.
#pragma once

#include <functional>
#include <string>

#include "engine/graph/plan.h"
#include "engine/runtime/components.h"
#include "engine/runtime/manifest.h"
#include "engine/runtime/node_counters.h"
#include "engine/state/run_state.h"
#include "rare/status.h"

namespace rare::engine {

bool has_gather(const Plan& plan);

// To standard error; the exit code it means.
int report_fault(const Status& fault);
// "complete, N records at PATH, PATH"
std::string result_line(const Components& components, const Ledger& ledger);

// Puts the output of all sinks in place, writes the reports, and sets the state to done. Each step
// can be repeated. The reports come before the end, because nobody looks again at what is done.
Status finalise_output(RunState& state, Components& components,
                       const std::function<Status()>& write_reports);
// dead_letters.jsonl and manifest.json.
Status write_reports(RunState& state, const Plan& plan, const RunAccount& account,
                     const NodeCounters& counters);
// To standard output, with what services have to say.
void print_closing(const Plan& plan, const RunAccount& account, const Components& components);

}  // namespace rare::engine
