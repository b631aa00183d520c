// What verbs share that look at a run that goes on in another process.
#pragma once

#include <string>

#include "engine/observe/remote_run.h"
#include "rare/status.h"

namespace rare::engine::cli {

// A run that has not begun to read yet is waited for. Where none goes on, the error says what is
// known of the last one.
Result<RemoteRun> attach(const std::string& folder);

// "the run has ended: complete; ...". Waits a little for what the run has to close.
std::string how_it_ended(const std::string& folder);

}  // namespace rare::engine::cli
