#include "engine/runtime/retry.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/end_command.h"
#include "engine/runtime/merged_output.h"
#include "engine/runtime/run_closing.h"
#include "engine/runtime/run_session.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

class Retry {
 public:
  Retry(const Plan& plan, RunSettings settings) : plan_(plan), settings_(std::move(settings)) {
    settings_.fresh = false;
    settings_.limit.reset();
    settings_.takes_more = false;
  }
  int execute();

 private:
  enum class Way { in_parts, whole, nothing_to_do };
  Status open_state();
  Result<Way> look();
  Status refuse_unfinished() const;
  Status begin_part();
  Status merge();
  int finish();
  int account(Status fault);
  std::string part_folder() const;
  void remove_parts() const;

  const Plan& plan_;
  RunSettings settings_;
  std::unique_ptr<RunState> state_;       // of the finished run
  std::unique_ptr<RunState> part_state_;  // of the retry
  std::unique_ptr<RunSession> session_;   // begun for the finished run, then for the retry
  RetryWork work_;
  bool has_reported_ = false;  // the manifest is of this retry
};

Status Retry::open_state() {
  std::error_code error;
  if (!fs::exists(settings_.state_folder + "/state.db", error)) {
    return Status::run_fault(StatusCode::not_found,
                             "no run is kept in " + settings_.state_folder +
                                 ": run the pipeline first, or name its state with --state-dir");
  }
  Result<std::unique_ptr<RunState>> state =
      RunState::open(state_options(plan_, settings_.state_folder));
  if (!state) return state.status();
  state_ = std::move(*state);
  RunSession::Setup setup;
  setup.plan = &plan_;
  setup.settings = settings_;
  setup.state = state_.get();
  session_ = std::make_unique<RunSession>(std::move(setup));
  return session_->make_sinks();
}

Status Retry::refuse_unfinished() const {
  if (state_->resume().phase == Phase::running) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "the run in " + state_->folder() +
                                 " is not finished: finish it with `rare-engine run`, then retry "
                                 "its dead letters");
  }
  const Sink* const sink = session_->components().sink_without_output(state_->resume().sinks);
  if (sink == nullptr) return Status();
  return Status::run_fault(StatusCode::invalid_argument,
                           "the output " + sink->location() +
                               " is gone, so nothing can be merged into it: `rare-engine run` "
                               "makes it again from stored replies, then retry");
}

Result<Retry::Way> Retry::look() {
  if (state_->resume().phase == Phase::finalising) {  // an end that was cut short
    Components& components = session_->components();
    Status status = components.open_sinks(state_->resume().sinks);
    if (status.ok()) {
      status = finalise_output(*state_, components, [this] {
        return write_reports(*state_, plan_, session_->account("complete", std::string()),
                             session_->counters());
      });
    }
    if (!status.ok()) return status;
    remove_parts();
    session_.reset();  // with sinks that are done
    state_.reset();
    if (Status reopened = open_state(); !reopened.ok()) return reopened;
  }
  if (Status status = refuse_unfinished(); !status.ok()) return status;
  if (state_->resume().tally.ledger.dead == 0) return Way::nothing_to_do;
  if (Status status =
          session_->components().check_remaking("write a file instead, or run the records of "
                                                "dead_letters.jsonl in a pipeline of their own");
      !status.ok()) {
    return status;
  }
  Result<RetryWork> work = state_->retry_work();
  if (!work) return work.status();
  work_ = std::move(*work);
  if (has_gather(plan_)) return Way::whole;
  for (const DeadFamily& family : work_.families) {
    if (family.places.size() < session_->components().sink_nodes().size()) return Way::whole;
  }
  // What came to one of several sources later stands behind all that was there: not where rows of
  // the order of the input are looked for.
  if (plan_.config.order == Order::input && !are_in_run_order(work_.families)) return Way::whole;
  return Way::in_parts;
}

std::string Retry::part_folder() const {
  return state_->folder() + "/retry-" + std::to_string(state_->resume().retries + 1);
}

void Retry::remove_parts() const {
  std::error_code ignored;  // a left-over costs only space
  for (const auto& entry : fs::directory_iterator(state_->folder(), ignored)) {
    if (entry.path().filename().string().starts_with("retry-")) fs::remove_all(entry, ignored);
  }
}

Status Retry::begin_part() {
  Result<std::unique_ptr<RunState>> part = RunState::open(state_options(plan_, part_folder()));
  if (!part) return part.status();
  part_state_ = std::move(*part);
  RunSession::Setup setup;
  setup.plan = &plan_;
  setup.settings = settings_;
  setup.state = part_state_.get();
  setup.whole = state_.get();
  setup.retry = &work_;
  session_ = std::make_unique<RunSession>(std::move(setup));
  return session_->make_sinks();
}

// The state learns of the new output when all of it is on disk, under its working name.
Status Retry::merge() {
  RetryResult result;
  Components& components = session_->components();
  const RunAccount account = session_->account("complete", std::string());
  result.tally = account.tally;
  result.usage = account.usage;
  result.elapsed_s = account.elapsed_s;
  result.replaced = Tally(plan_.nodes.size());
  for (const DeadFamily& family : work_.families) result.replaced += family.tally;
  Result<std::vector<DeadLetter>> letters = part_state_->read_dead_letters();
  if (!letters) return letters.status();
  result.dead_letters = std::move(*letters);
  Result<RetryWork> still_dead = part_state_->retry_work();
  if (!still_dead) return still_dead.status();
  result.dead_families = in_run_order(std::move(still_dead->families));
  if (Status status = components.open_sinks({}); !status.ok()) return status;
  for (const std::uint32_t node : components.sink_nodes()) {
    const std::string& name = plan_.nodes[node].name;
    Result<std::unique_ptr<SpilledRows>> rows = session_->kept_rows(node);
    if (!rows) return rows.status();
    Result<MergedOutput> merged =
        merge_output(components.sink(node), name, plan_.config.order, work_.families, **rows,
                     state_->resume().sinks.at(name));
    if (!merged) return merged.status();
    result.sinks[name] = merged->end;
    for (DeadFamily& family : result.dead_families) {
      family.places[name] = merged->places.at({family.source, family.ordinal});
    }
  }
  return state_->commit_retry(work_, result);
}

int Retry::account(Status fault) {
  const bool ended = fault.ok() && session_->ended();
  if (ended) fault = merge();
  if (ended && fault.ok()) return finish();
  const RunAccount account = session_->account(ended ? "failed" : "interrupted",
                                               fault.ok() ? std::string() : fault.message());
  print_closing(plan_, account, session_->components());
  if (!fault.ok()) return report_fault(fault);
  log_line(LogLevel::info, {},
           "interrupted; the finished run is as it was, and the same command goes on from here");
  return kExitInterrupted;
}

int Retry::finish() {
  RunAccount account = session_->account("complete", std::string());
  const std::uint64_t retried = account.tally.ledger.read;
  account.tally = state_->resume().tally;
  std::map<std::string, Json> usage = state_->resume().usage;
  add_usage(usage, account.usage);
  account.usage = std::move(usage);
  account.elapsed_s += state_->resume().elapsed_s;
  const Status status = finalise_output(*state_, session_->components(), [&] {
    return write_reports(*state_, plan_, account, session_->counters());
  });
  if (!status.ok()) return report_fault(status);
  has_reported_ = true;
  remove_parts();
  write_result("retried " + std::to_string(retried) + " records with dead letters; " +
               std::to_string(account.tally.ledger.dead) + " dead letters are left\n");
  print_closing(plan_, account, session_->components());
  return too_many_dead(plan_.config.max_errors, account.tally.ledger) ? kExitDeadLetters
                                                                      : kExitDone;
}

int Retry::execute() {
  if (Status status = open_state(); !status.ok()) return report_fault(status);
  Result<Way> way = look();
  if (!way) return report_fault(way.status());
  if (*way == Way::nothing_to_do) {
    write_result("no dead letters: " +
                 result_line(session_->components(), state_->resume().tally.ledger) + "\n");
    return kExitDone;
  }
  if (*way == Way::whole) {
    Status status = session_->compare_inputs();
    if (status.ok()) status = state_->reset_for_retry(work_);
    if (!status.ok()) return report_fault(status);
    session_.reset();
    state_.reset();
    log_line(LogLevel::info, {},
             "rows cannot be put into this output one by one: all of it is made again, from stored "
             "replies but for the dead letters");
    return run_pipeline(plan_, settings_);
  }
  if (Status status = begin_part(); !status.ok()) return report_fault(status);
  const int exit_code = session_->carry_out([this](const Status& fault) { return account(fault); });
  session_.reset();
  part_state_.reset();
  state_.reset();
  run_end_command(plan_.config.on_end,
                  has_reported_ ? manifest_file(settings_.state_folder) : std::string(), exit_code);
  return exit_code;
}

}  // namespace

int retry_dead_letters(const Plan& plan, const RunSettings& settings) {
  return Retry(plan, settings).execute();
}

}  // namespace rare::engine
