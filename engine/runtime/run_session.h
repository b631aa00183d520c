// One start of a run: its components opened, its records streamed and committed. What is made of it
// is its caller's: the `run` verb closes the output, `retry` merges it into a finished one.
//
// Thread-safety: one thread, but for what the watch of its own asks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/graph/plan.h"
#include "engine/observe/live_pages.h"
#include "engine/runtime/committer.h"
#include "engine/runtime/components.h"
#include "engine/runtime/executor.h"
#include "engine/runtime/manifest.h"
#include "engine/runtime/resume_threads.h"
#include "engine/runtime/run.h"
#include "engine/runtime/run_control.h"
#include "engine/runtime/work_account.h"
#include "engine/state/reply_database.h"
#include "engine/state/run_state.h"

namespace rare::engine {

// The state of the plan's run in `folder`; `more` is added to the fingerprint.
StateOptions state_options(const Plan& plan, std::string folder, const Json& more = Json::object());

class RunSession {
 public:
  struct Setup {
    const Plan* plan = nullptr;
    RunSettings settings;
    RunState* state = nullptr;  // where this start commits
    // For a retry, else nothing: the finished run, and what of it is done again. Rows then wait in
    // spills beside `state` instead of going to the sinks.
    RunState* whole = nullptr;
    const RetryWork* retry = nullptr;
  };
  explicit RunSession(Setup setup);
  ~RunSession();

  // Makes the sinks without opening them.
  Status make_sinks();
  // Refused where a finished run's input is not what it read. Opens the sources.
  Status compare_inputs();
  // Whether sources of a finished run have more than it read. Opens them.
  Result<bool> input_has_grown();
  // From the opening of components to their end: what can be refused is refused before the first
  // record, and ends here; else `account` says what came of it when all has ended, was interrupted
  // or failed (see ended()). The exit code. Where an operator cannot be ended, the process ends
  // here. REQUIRES: once; make_sinks() succeeded.
  int carry_out(const std::function<int(const Status& fault)>& account);

  Components& components() { return *components_; }
  // Of this start; nothing where it never streamed.
  const NodeCounters& counters() const { return executor_ ? executor_->counters() : nothing_ran_; }
  // With what earlier starts counted.
  RunAccount account(const std::string& status, const std::string& fault) const;
  // REQUIRES for these: called by carry_out()'s `account`.
  bool ended() const;  // every record of the input came to its end
  // Rows that wait for a sink, in the order of the run. REQUIRES: a retry.
  Result<std::unique_ptr<SpilledRows>> kept_rows(std::uint32_t sink_node) const;

 private:
  Status open();
  Status open_sources();
  Status check_inputs();
  Status go_on_over_what_came();
  Result<std::map<std::string, Json>> growing_inputs() const;  // what they read now, by source
  Status open_replies();
  Status open_services();
  void note_beginnings();
  void stream();
  Status fault() const;
  double elapsed_s() const;  // of this start
  void end(int exit_code);
  ServiceUsage usage() const;
  ServiceUsage usage_of_all_starts() const;
  Status open_spills();
  Resume resumed() const;
  bool spills(const PlannedNode& node) const;
  Status reconcile() const;
  ProgressSnapshot snapshot() const;
  void begin_live();
  std::optional<double> input_share() const;
  std::vector<ServiceProgress> services_now() const;
  void give_up();
  RunState& whole() const { return setup_.whole != nullptr ? *setup_.whole : *setup_.state; }

  const Setup setup_;
  const Plan& plan_;
  const Resume resume_;
  const ServiceUsage earlier_usage_;  // of all starts before this one
  const NodeCounters nothing_ran_;
  // In the order in which they are needed, so that they end in reverse.
  RunControl control_;
  std::unique_ptr<ReplyStores> replies_;
  ServiceUsage uncounted_;             // by earlier starts
  std::unique_ptr<WorkAccount> work_;  // null: nobody asked for one
  Environment environment_;
  std::unique_ptr<ResumeThreads> resume_threads_;  // services use it until their threads have ended
  std::unique_ptr<Components> components_;
  std::map<std::uint32_t, std::unique_ptr<GatherSpill>> spills_;  // by the plan's index
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<LivePages> live_pages_;  // of `top` and `tap`
  bool sources_are_open_ = false;
  bool left_behind_ = false;  // an operator still runs: nothing that it uses may go
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// The folder of what whole-set nodes take in, and sinks of a retry, beside the state.
std::string spill_folder(const RunState& state);

}  // namespace rare::engine
