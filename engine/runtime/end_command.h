// The command of a pipeline's `on_end`: told of the end of each start of its run.
// Thread-safety: one thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace rare::engine {

inline constexpr std::chrono::seconds kEndCommandLimit{60};

// Runs `command`, a program and its words, and waits for its end, no longer than `limit`: then it
// is killed with what it started. It reads `manifest` on its standard input (a file; nothing where
// that is empty or not there) and finds the run's exit code in RARE_EXIT_CODE; what it writes comes
// on standard error. That it cannot be started, fails or takes too long is a warning.
// No `command`: nothing happens.
void run_end_command(const std::vector<std::string>& command, const std::string& manifest,
                     int exit_code, std::chrono::milliseconds limit = kEndCommandLimit);

}  // namespace rare::engine
