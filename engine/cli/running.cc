#include "engine/cli/running.h"

#include <chrono>
#include <iostream>
#include <thread>

#include "engine/cli/run_account.h"
#include "engine/cli/verbs.h"
#include "engine/runtime/run.h"
#include "engine/state/folder.h"
#include "engine/state/run_report.h"

namespace rare::engine::cli {

namespace {

constexpr std::chrono::milliseconds kBetweenTries{200};
constexpr std::chrono::seconds kLongestClosing{10};

}  // namespace

Result<RemoteRun> attach(const std::string& folder) {
  for (bool has_said = false;; std::this_thread::sleep_for(kBetweenTries)) {
    Result<RemoteRun> run = RemoteRun::attach(folder);
    if (run) return run;
    const StatusCode code = run.status().code();
    // Between the beginning of a run and its first record services are opened.
    const bool begins = code == StatusCode::unavailable ||
                        (code == StatusCode::not_found && FolderLock::holder(folder));
    if (!begins) {
      if (code != StatusCode::not_found) return run.status();
      const Result<RunReport> report = read_run_report(folder);
      if (!report) return report.status();
      return Status(StatusCode::invalid_argument,
                    "no run goes on in " + folder + ": it is " + state_word(*report) +
                        "; `rare-engine status " + folder + "` tells what it did");
    }
    if (!has_said) std::cerr << "waiting for the run in " << folder << " to begin to read\n";
    has_said = true;
  }
}

std::string how_it_ended(const std::string& folder) {
  // Its socket goes first; what it closes then takes a moment.
  const auto until = std::chrono::steady_clock::now() + kLongestClosing;
  while (FolderLock::holder(folder) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kBetweenTries);
  }
  const Result<RunReport> report = read_run_report(folder);
  const std::string word = report ? state_word(*report) : report.status().message();
  return (FolderLock::holder(folder) ? "the run is closing: " : "the run has ended: ") + word +
         "; `rare-engine status " + folder + "` tells what it did";
}

}  // namespace rare::engine::cli
