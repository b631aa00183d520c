// The verbs `run` and `retry`.
#pragma once

#include "engine/cli/run_options.h"

namespace rare::engine::cli {

// Exit code as docs/reference/contract.md has it.
int run_command(const RunOptions& options);
int retry_command(const RunOptions& options);

}  // namespace rare::engine::cli
