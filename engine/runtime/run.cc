#include "engine/runtime/run.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/end_command.h"
#include "engine/runtime/run_closing.h"
#include "engine/runtime/run_session.h"

namespace rare::engine {
namespace {

class Run {
 public:
  Run(const Plan& plan, const RunSettings& settings)
      : plan_(plan), gathers_(has_gather(plan)), settings_(settings) {}
  int execute();

 private:
  Status open_state();
  void begin_session();
  std::optional<int> already_complete();
  Status publish_copies();
  Status close_output();
  std::string status_when_ended() const { return settings_.limit ? "limited" : "complete"; }
  int account(Status fault);

  const Plan& plan_;
  const bool gathers_;
  const RunSettings settings_;
  std::unique_ptr<RunState> state_;
  std::unique_ptr<RunSession> session_;
  bool has_reported_ = false;  // the manifest is of this start
};

Status Run::open_state() {
  const bool own_state = settings_.limit && gathers_;
  StateOptions options =
      state_options(plan_, settings_.state_folder,
                    own_state ? Json{{"limit", *settings_.limit}} : Json::object());
  options.fresh = settings_.fresh;
  Result<std::unique_ptr<RunState>> state = RunState::open(std::move(options));
  if (!state) return state.status();
  state_ = std::move(*state);
  begin_session();
  return session_->make_sinks();
}

void Run::begin_session() {
  RunSession::Setup setup;
  setup.plan = &plan_;
  setup.settings = settings_;
  setup.state = state_.get();
  session_ = std::make_unique<RunSession>(std::move(setup));
}

// A complete run starts nothing: no model, no index. One whose output is gone is made again, from
// stored replies.
std::optional<int> Run::already_complete() {
  const Resume& resume = state_->resume();
  if (resume.phase == Phase::running) return std::nullopt;
  Components& components = session_->components();
  if (resume.phase == Phase::finalising) {
    Status status = components.open_sinks(resume.sinks);
    if (status.ok()) status = close_output();
    if (!status.ok()) return report_fault(status);
    has_reported_ = true;
  }
  if (const Sink* const sink = components.sink_without_output(resume.sinks); sink != nullptr) {
    const std::string gone = "the run is complete, but its output " + sink->location() + " is gone";
    Status status = components.check_remaking(
        "put the output back, or start with --fresh if that is what you want");
    if (!status.ok()) {
      return report_fault(
          Status::run_fault(status.code(), gone + ", and is not made again. " + status.message()));
    }
    log_line(LogLevel::info, {}, gone + ": making it again (stored replies are used)");
    status = state_->reset();
    if (status.ok()) {
      begin_session();  // of a run that begins
      status = session_->make_sinks();
    }
    if (!status.ok()) return report_fault(status);
    return std::nullopt;
  }
  const Result<bool> has_grown = session_->input_has_grown();
  if (!has_grown) return report_fault(has_grown.status());
  if (*has_grown) {
    log_line(LogLevel::info, {}, "the run was complete; its input has grown, and it goes on");
    return std::nullopt;
  }
  const Ledger& ledger = resume.tally.ledger;
  write_result(result_line(components, ledger) + "\n");
  return too_many_dead(plan_.config.max_errors, ledger) ? kExitDeadLetters : kExitDone;
}

Status Run::publish_copies() {
  Components& components = session_->components();
  for (const std::uint32_t node : components.sink_nodes()) {
    const Status status = components.sink(node).publish_copy();
    if (!status.ok()) return status;
  }
  return Status();
}

// A start that finds the phase finalising goes on from there.
Status Run::close_output() {
  return finalise_output(*state_, session_->components(), [this] {
    return write_reports(*state_, plan_, session_->account(status_when_ended(), std::string()),
                         session_->counters());
  });
}

int Run::account(Status fault) {
  const bool ended = fault.ok() && session_->ended();
  // Over a part of the input a whole-set node has ended for good: nothing goes on from there.
  const bool goes_on = settings_.limit && !gathers_;
  if (ended) fault = goes_on ? publish_copies() : close_output();
  const bool over_budget = fault.code() == StatusCode::budget_reached;
  const std::string status = over_budget   ? "budget_reached"
                             : !fault.ok() ? "failed"
                             : !ended      ? "interrupted"
                                           : status_when_ended();
  const RunAccount account =
      session_->account(status, fault.ok() ? std::string() : fault.message());
  const bool reported = ended && !goes_on && fault.ok();
  const Status written =
      reported ? Status() : write_reports(*state_, plan_, account, session_->counters());
  if (fault.ok() && !written.ok()) fault = written;
  has_reported_ = written.ok();
  print_closing(plan_, account, session_->components());
  if (!fault.ok()) return report_fault(fault);
  if (!ended) {
    log_end_of_run(LogLevel::info, "interrupted; the same command goes on from here");
    return kExitInterrupted;
  }
  return too_many_dead(plan_.config.max_errors, account.tally.ledger) ? kExitDeadLetters
                                                                      : kExitDone;
}

int Run::execute() {
  if (Status status = open_state(); !status.ok()) return report_fault(status);
  const bool had_ended = state_->resume().phase == Phase::done;
  std::optional<int> exit_code = already_complete();
  if (exit_code && had_ended) return *exit_code;
  if (!exit_code) {
    exit_code = session_->carry_out([this](const Status& fault) { return account(fault); });
  }
  session_.reset();
  state_.reset();  // free for what the command may start
  run_end_command(plan_.config.on_end,
                  has_reported_ ? manifest_file(settings_.state_folder) : std::string(),
                  *exit_code);
  return *exit_code;
}

}  // namespace

bool too_many_dead(const ErrorBound& bound, const Ledger& ledger) {
  if (bound.count) return ledger.dead > *bound.count;
  return bound.share &&
         static_cast<double>(ledger.dead) > *bound.share * static_cast<double>(ledger.read);
}

int exit_code_of(const Status& fault) {
  switch (fault.code()) {
    case StatusCode::ok:
      return kExitDone;
    case StatusCode::invalid_argument:
    case StatusCode::not_found:
    case StatusCode::already_exists:
      return kExitConfiguration;
    case StatusCode::unavailable:
    case StatusCode::resource_exhausted:
    case StatusCode::deadline_exceeded:
      return kExitTryAgain;
    case StatusCode::budget_reached:
      return kExitBudget;
    case StatusCode::cancelled:
      return kExitInterrupted;
    case StatusCode::invalid_data:
    case StatusCode::permission_denied:
    case StatusCode::internal:
      return kExitFailed;
  }
  return kExitFailed;
}

int run_pipeline(const Plan& plan, const RunSettings& settings) {
  return Run(plan, settings).execute();
}

}  // namespace rare::engine
