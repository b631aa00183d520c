// What the engine knows of a run, as JSON: for `status --json`, and for verbs of plugins.
#pragma once

#include <string>

#include "engine/config/pipeline.h"
#include "engine/state/run_report.h"
#include "rare/json.h"
#include "rare/status.h"
#include "rare/tool.h"

namespace CLI {
class App;
}

namespace rare::engine::cli {

// A run that was named to be looked at.
struct RunChoice {
  LoadOptions load;       // the file: a pipeline's, or the folder of the run's state
  std::string state_dir;  // empty: where `run` would put it
};

// RUN, -f, --set, --state-dir.
void add_run_choice(CLI::App& verb, RunChoice& run);

// Where a run is kept: its state_dir, what was named, if it is a folder, or what `run` would choose
// for the pipeline, whose plugins need not be there. An error is the text of all diagnostics.
Result<std::string> run_folder(const RunChoice& run);

// Says why there is no such folder, to standard error; the exit code.
int refused_choice(const Status& status, const std::string& color = "auto");

// complete, running, finalising or interrupted.
const char* state_word(const RunReport& report);

// The manifest in the folder of a run's state; null where there is none, or none that can be read:
// it is written at the end of a start.
Json manifest_in(const std::string& folder);

// Where the output of a complete run is, as its manifest says; nothing where there is none.
Json results_of(const RunReport& report, const Json& manifest);

Json status_json(const RunReport& report, const std::string& folder, const Json& manifest);

// As promised in rare/tool.h.
Result<Json> run_account(const NamedRun& named);

}  // namespace rare::engine::cli
