// What verbs share that look at a run that goes on in another process.
#pragma once

#include <string>

#include "engine/config/pipeline.h"
#include "engine/observe/remote_run.h"
#include "rare/status.h"

namespace CLI {
class App;
}

namespace rare::engine::cli {

struct RunningOptions {
  LoadOptions load;  // the file: a pipeline's, or the folder of a run
  std::string state_dir;
  std::string color = "auto";
};

// RUN, -f, --set, --state-dir, --color.
void add_running_options(CLI::App& verb, RunningOptions& options);
Result<std::string> folder_of(const RunningOptions& options);

// A run that has not begun to read yet is waited for. Where none goes on, the error says what is
// known of the last one.
Result<RemoteRun> attach(const std::string& folder);

// "the run has ended: complete; ..."
std::string how_it_ended(const std::string& folder);

// To standard error; the exit code.
int refused(const Status& status);

}  // namespace rare::engine::cli
