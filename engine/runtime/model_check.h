// Asks each language-model service of a plan whether it works. What the `check-models` verb does.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "rare/model_probe.h"
#include "rare/status.h"

namespace rare::engine {

// One service of the plan.
struct CheckedService {
  enum class Kind {
    asked,     // `report`, or in `status` why it could not be asked
    no_model,  // no language model: passed over
    no_probe,  // a language model whose plugin cannot say what works: passed over
  };
  Kind kind = Kind::asked;
  std::string name;
  std::string component;
  Status status;  // why it does not open, or has nobody to ask (a local server that does not start)
  ModelReport report;
  // What this service alone makes of the exit code (engine/runtime/run.h): done, failed (the user
  // must mend it), configuration (it does not open), try again, or interrupted.
  int exit_code = 0;
};

struct ModelCheck {
  std::vector<CheckedService> services;  // in the plan's order
  int exit_code = 0;  // of the worst: interrupted, configuration, failed, try again, done
};

// Opens the plan's language models, one after the other, and nothing else of it; `request_timeout`
// bounds each request. Touches neither state nor stored replies. SIGINT and SIGTERM are handled
// while it asks: what was not asked then says so. REQUIRES: one call at a time in a process, and no
// run beside it.
ModelCheck check_models(const Plan& plan, std::chrono::milliseconds request_timeout);

}  // namespace rare::engine
