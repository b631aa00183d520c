#include "engine/runtime/run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/observe/log.h"
#include "engine/runtime/committer.h"
#include "engine/runtime/components.h"
#include "engine/runtime/executor.h"
#include "engine/runtime/manifest.h"
#include "engine/runtime/resume_threads.h"
#include "engine/runtime/watch.h"
#include "engine/state/reply_database.h"
#include "engine/state/run_state.h"

namespace rare::engine {
namespace {

class Run {
 public:
  Run(const Plan& plan, const RunSettings& settings)
      : plan_(plan),
        gathers_(std::any_of(plan.nodes.begin(), plan.nodes.end(),
                             [](const PlannedNode& node) { return node.gathers(); })),
        settings_(settings) {}
  int execute();

 private:
  Status open_state();
  std::optional<int> already_complete();
  Status open_components();
  Status open_spills();
  std::string spill_folder() const;
  void stream();
  Status reconcile() const;
  Status close_output(bool complete);
  int account(Status fault);
  RunAccount totals(const std::string& status, const std::string& fault) const;
  ProgressSnapshot snapshot() const;
  void give_up();

  const Plan& plan_;
  const bool gathers_;
  const RunSettings settings_;
  // In the order in which they are needed, so that they end in reverse.
  RunControl control_;
  std::unique_ptr<RunState> state_;
  std::unique_ptr<ReplyDatabase> replies_;
  Environment environment_;
  std::unique_ptr<ResumeThreads> resume_threads_;  // services use it until their threads have ended
  std::unique_ptr<Components> components_;
  std::map<std::uint32_t, std::unique_ptr<GatherSpill>> spills_;  // by the plan's index
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Executor> executor_;
  bool left_behind_ = false;  // an operator still runs: nothing that it uses may go
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

int report(const Status& fault) {
  log_line(LogLevel::error, {}, fault.message());
  return exit_code_of(fault);
}

std::string result_line(const Components& components, const Ledger& ledger) {
  std::string line = "complete, " + std::to_string(ledger.written) + " records at ";
  bool first = true;
  for (const std::uint32_t node : components.sink_nodes()) {
    if (!std::exchange(first, false)) line += ", ";
    line += components.sink(node).location();
  }
  return line;
}

Status Run::open_state() {
  StateOptions options;
  options.folder = settings_.state_folder;
  options.fingerprint = fingerprint(plan_);
  if (settings_.limit && gathers_) options.fingerprint["limit"] = *settings_.limit;
  options.fresh = settings_.fresh;
  for (const PlannedNode& node : plan_.nodes) options.node_names.push_back(node.name);
  Result<std::unique_ptr<RunState>> state = RunState::open(std::move(options));
  if (!state) return state.status();
  state_ = std::move(*state);
  environment_.seed = plan_.config.seed;
  environment_.run_folder = state_->folder();
  std::error_code ignored;  // what a killed run left behind
  std::filesystem::remove_all(scratch_root(environment_.run_folder), ignored);
  environment_.control = &control_;
  resume_threads_ = std::make_unique<ResumeThreads>();
  environment_.resumer = resume_threads_.get();
  components_ = std::make_unique<Components>(plan_, environment_);
  return components_->make_sinks();
}

// A complete run starts nothing: no model, no index. One whose output is gone is made again, from
// stored replies.
std::optional<int> Run::already_complete() {
  const Resume& resume = state_->resume();
  if (resume.phase == Phase::running) return std::nullopt;
  if (resume.phase == Phase::finalising) {
    Status status = components_->open_sinks(resume.sinks);
    if (status.ok()) status = close_output(true);
    if (!status.ok()) return report(status);
  }
  for (const std::uint32_t node : components_->sink_nodes()) {
    const Sink& sink = components_->sink(node);
    if (sink.in_place()) continue;
    log_line(LogLevel::info, {},
             "the run is complete, but its output " + sink.location() +
                 " is gone: making it again (stored replies are used)");
    const Status status = state_->reset();
    if (!status.ok()) return report(status);
    return std::nullopt;
  }
  const Ledger& ledger = state_->resume().tally.ledger;
  std::printf("%s\n", result_line(*components_, ledger).c_str());
  return too_many_dead(plan_.config.max_errors, ledger) ? kExitDeadLetters : kExitDone;
}

Status Run::open_components() {
  Status status = components_->open_sources(state_->resume().sources);
  if (!status.ok()) return status;
  for (const std::uint32_t node : components_->source_nodes()) {
    Result<Json> identity = components_->source(node).identity();
    if (!identity) return identity.status();
    status = state_->check_input(plan_.nodes[node].name, *identity);
    if (!status.ok()) return status;
  }
  Result<std::unique_ptr<ReplyDatabase>> replies =
      ReplyDatabase::open(settings_.reply_file, state_->run_id());
  if (!replies) return replies.status();
  replies_ = std::move(*replies);
  environment_.replies = replies_.get();
  status = components_->open_services();
  if (status.ok()) status = components_->open_operators();
  if (status.ok()) status = components_->open_sinks(state_->resume().sinks);
  return status.ok() ? open_spills() : status;
}

std::string Run::spill_folder() const { return state_->folder() + "/gather"; }

Status Run::open_spills() {
  const auto& committed = state_->resume().sinks;
  for (const PlannedNode& node : plan_.nodes) {
    if (!node.gathers()) continue;
    std::optional<Offset> offset;
    if (const auto at = committed.find(node.name); at != committed.end()) offset = at->second;
    auto spill = GatherSpill::open(spill_folder() + "/" + node.name + ".rows", offset);
    if (!spill) return spill.status();
    spills_[node.index] = std::move(*spill);
  }
  return Status();
}

ProgressSnapshot Run::snapshot() const {
  ProgressSnapshot now;
  const Resume& resume = state_->resume();
  const Flow& flow = executor_->flow();
  now.elapsed_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  now.read = resume.tally.ledger.read + flow.read();
  now.finished = resume.tally.ledger.read + committer_->families_written();
  now.dead = resume.tally.ledger.dead + flow.dead();
  for (const PlannedNode& node : plan_.nodes) {
    if (node.kind() != ComponentKind::async_operator) continue;
    const NodeCounter& counter = executor_->counters()[node.index];
    now.nodes.push_back({node.name, counter.in_flight.load(), components_->parallelism(node),
                         counter.done.load(), counter.parked.load()});
  }
  for (const auto& [name, usage] : components_->usage()) {
    if (!usage.contains("prompt_tokens")) continue;
    now.calls += usage.value("calls", std::uint64_t{0});
    now.tokens += usage.value("prompt_tokens", std::int64_t{0}) +
                  usage.value("completion_tokens", std::int64_t{0});
  }
  now.activities = components_->activities();
  return now;
}

void Run::stream() {
  Committer::Setup commit;
  Executor::Setup execute;
  commit.plan = &plan_;
  for (const std::uint32_t node : components_->sink_nodes()) {
    commit.targets.push_back({node, &components_->sink(node), nullptr});
  }
  for (const auto& [node, spill] : spills_) {
    commit.targets.push_back({node, nullptr, spill.get()});
    execute.spills[node] = spill.get();
  }
  commit.state = state_.get();
  commit.control = &control_;
  commit.usage = [this] { return components_->usage(); };
  committer_ = std::make_unique<Committer>(std::move(commit));

  execute.plan = &plan_;
  execute.components = components_.get();
  execute.control = &control_;
  execute.committer = committer_.get();
  execute.resume = &state_->resume();
  execute.limit = settings_.limit;
  execute.threads = settings_.threads;
  execute.waiting_folder = state_->folder();
  execute.children.folder = state_->folder();
  executor_ = std::make_unique<Executor>(std::move(execute));

  Watch::Setup watch;
  watch.control = &control_;
  watch.grace_s = plan_.config.grace_s;
  watch.hang_s = settings_.hang_s;
  watch.progress = settings_.progress;
  watch.snapshot = [this] { return snapshot(); };
  watch.cut = [this] { components_->cancel_services(); };
  watch.give_up = [this] { give_up(); };
  const Watch watching(std::move(watch));
  executor_->run();
  committer_->close();
  left_behind_ = !executor_->settle(plan_.config.grace_s, settings_.hang_s);
}

Status Run::reconcile() const {
  const Flow& flow = executor_->flow();
  const Ledger& ledger = committer_->tally().ledger;
  const bool accounted = flow.started() == flow.finished() + flow.abandoned();
  const bool committed = control_.draining() || committer_->families_committed() == flow.started();
  if (accounted && committed && ledger.adds_up()) return Status();
  return Status::run_fault(
      StatusCode::internal,
      "the ledger is off: " + std::to_string(flow.started()) + " records were begun, " +
          std::to_string(flow.finished()) + " finished, " + std::to_string(flow.abandoned()) +
          " abandoned, " + std::to_string(committer_->families_committed()) + " committed; " +
          ledger.to_string() +
          ". This is a defect of rare-engine or of a plugin; the state is kept");
}

// Each step can be repeated: a start that finds the phase goes on from there.
Status Run::close_output(bool complete) {
  if (!complete) {
    for (const std::uint32_t node : components_->sink_nodes()) {
      const Status status = components_->sink(node).publish_copy();
      if (!status.ok()) return status;
    }
    return Status();
  }
  Status status = state_->set_phase(Phase::finalising);
  for (const std::uint32_t node : components_->sink_nodes()) {
    if (status.ok()) status = components_->sink(node).finalise();
  }
  if (status.ok()) status = state_->set_phase(Phase::done);
  std::error_code not_needed;  // what whole-set nodes took in: a left-over costs only space
  if (status.ok()) std::filesystem::remove_all(spill_folder(), not_needed);
  return status;
}

RunAccount Run::totals(const std::string& status, const std::string& fault) const {
  RunAccount account;
  const Resume& resume = state_->resume();
  account.status = status;
  account.fault = fault;
  account.tally = resume.tally;
  account.tally += committer_->tally();
  account.usage = resume.usage;
  for (const auto& [name, usage] : components_->usage()) {
    account.usage[name] = added_usage(account.usage[name], usage);
  }
  account.elapsed_s =
      resume.elapsed_s +
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  for (const std::uint32_t node : components_->sink_nodes()) {
    account.results.push_back(components_->sink(node).location());
  }
  account.state_folder = state_->folder();
  return account;
}

int Run::account(Status fault) {
  const bool ended = fault.ok() && executor_->exhausted() && executor_->flow().abandoned() == 0;
  // Over a part of the input a whole-set node has ended for good: nothing goes on from there.
  const bool goes_on = settings_.limit && !gathers_;
  if (ended) fault = close_output(!goes_on);
  const std::string status = !fault.ok()       ? "failed"
                             : !ended          ? "interrupted"
                             : settings_.limit ? "limited"
                                               : "complete";
  const RunAccount account = totals(status, fault.ok() ? std::string() : fault.message());
  Status written = state_->write_dead_letters();
  if (written.ok()) {
    written = state_->write_manifest(manifest_json(plan_, nullptr, account, executor_->counters()));
  }
  if (fault.ok() && !written.ok()) fault = written;
  std::fputs(closing_text(account).c_str(), stdout);
  for (const std::string& notice : components_->notices()) std::printf("%s\n", notice.c_str());
  std::fflush(stdout);
  if (!fault.ok()) return report(fault);
  if (!ended) {
    log_line(LogLevel::info, {}, "interrupted; the same command goes on from here");
    return kExitInterrupted;
  }
  return too_many_dead(plan_.config.max_errors, account.tally.ledger) ? kExitDeadLetters
                                                                      : kExitDone;
}

// A node that hangs cannot keep the process alive: what is finished is committed, then it leaves
// without waiting for anybody.
void Run::give_up() {
  log_line(LogLevel::error, {},
           "a node does not end although the run was cut; leaving without it (what was finished is "
           "committed)");
  committer_->close();
  const std::optional<Status> fault = control_.fault();
  if (fault) report(*fault);
  std::fflush(stdout);
  _exit(fault ? exit_code_of(*fault) : kExitInterrupted);
}

int Run::execute() {
  Status status = open_state();
  if (!status.ok()) return report(status);
  if (const std::optional<int> code = already_complete()) return *code;
  status = open_components();
  if (!status.ok()) {
    control_.abort();
    control_.cut();
    components_->cancel_services();
    return report(status);
  }
  stream();
  status = reconcile();
  if (control_.fault()) status = *control_.fault();
  const int code = account(status);
  control_.abort();
  control_.cut();
  components_->cancel_services();
  if (left_behind_) {
    std::fflush(stdout);
    _exit(code);
  }
  executor_.reset();
  return code;
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
