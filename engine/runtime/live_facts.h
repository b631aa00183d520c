// What of a run does not change while it goes on, as its live page, `top` and `tap` get it.
// Thread-safety: a function of the thread that runs.
#pragma once

#include <string>

#include "engine/graph/plan.h"
#include "engine/observe/live_run.h"
#include "engine/runtime/components.h"

namespace rare::engine {

// REQUIRES: the components are open. What is returned reads the state in `folder` itself.
LiveRun::Facts live_facts(const Plan& plan, const Components& components, const std::string& run_id,
                          const std::string& folder);

}  // namespace rare::engine
