// What the `retry` verb does: runs the families with dead letters of a finished run again and puts
// what comes of them in the place of what came of them before.
#pragma once

#include "engine/graph/plan.h"
#include "engine/runtime/run.h"

namespace rare::engine {

// A session over those families alone, whose rows wait beside the state (STATE/retry-N, resumable);
// then every output is written anew, from the finished one and these rows, and takes its place.
// Until then the finished run stays as it is. Below a whole-set node, and for sinks that cannot say
// where their rows stand, everything is made again from stored replies instead.
//
// Requests of a record at the node where it died are new ones (Record::round()); all others are
// answered from the store. Messages, signals and exit codes as run_pipeline(); a run that is not
// finished is exit code 2. REQUIRES: one call at a time in a process.
int retry_dead_letters(const Plan& plan, const RunSettings& settings);

}  // namespace rare::engine
