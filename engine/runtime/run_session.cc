#include "engine/runtime/run_session.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/observe/log.h"
#include "engine/runtime/budget.h"
#include "engine/runtime/end_command.h"
#include "engine/runtime/identities.h"
#include "engine/runtime/live_facts.h"
#include "engine/runtime/run_closing.h"
#include "engine/runtime/service_usage.h"
#include "engine/runtime/watch.h"

namespace rare::engine {
namespace {

// All records of a source but those of families that are done again.
IntervalSet all_but(const std::vector<DeadFamily>& families, std::uint32_t place) {
  IntervalSet dead;
  for (const DeadFamily& family : families) {
    if (family.source == place) dead.add(family.ordinal);
  }
  return dead.complement();
}

// What is outside of a range counts as finished.
void read_ranges(const std::map<std::string, SourceRange>& ranges, Resume& resume) {
  for (const auto& [name, range] : ranges) {
    const auto [at, is_new] = resume.sources.try_emplace(name);
    SourceCheckpoint& source = at->second;
    if (is_new) {
      source.position = range.position;
      source.next_ordinal = range.first;
    }
    source.finished.add({0, range.first});
    source.finished.add({range.end, IntervalSet::kNone});
  }
}

ServiceUsage usage_of_earlier_starts(const Resume& resume, const RunState* whole) {
  ServiceUsage earlier = resume.usage;
  if (whole != nullptr) add_usage(earlier, whole->resume().usage);
  return earlier;
}

}  // namespace

StateOptions state_options(const Plan& plan, std::string folder, const Json& more) {
  StateOptions options;
  options.folder = std::move(folder);
  options.fingerprint = fingerprint(plan);
  options.fingerprint.update(more);
  options.defaults = fingerprint_defaults(plan);
  for (const PlannedNode& node : plan.nodes) {
    options.node_names.push_back(node.name);
    if (node.grows()) options.growing_sources.push_back(node.name);
  }
  return options;
}

std::string spill_folder(const RunState& state) { return state.folder() + "/gather"; }

RunSession::RunSession(Setup setup)
    : setup_(std::move(setup)),
      plan_(*setup_.plan),
      resume_(resumed()),
      earlier_usage_(usage_of_earlier_starts(resume_, setup_.whole)),
      nothing_ran_(plan_.nodes.size()) {
  environment_.seed = plan_.config.seed;
  environment_.run_folder = setup_.state->folder();
  std::error_code ignored;  // what a killed run left behind
  std::filesystem::remove_all(scratch_root(environment_.run_folder), ignored);
  environment_.control = &control_;
  resume_threads_ = std::make_unique<ResumeThreads>();
  environment_.resumer = resume_threads_.get();
  components_ = std::make_unique<Components>(plan_, environment_);
}

RunSession::~RunSession() = default;

// A retry reads its sources from the beginning, and passes over what is finished.
Resume RunSession::resumed() const {
  Resume resume = setup_.state->resume();
  read_ranges(setup_.settings.ranges, resume);
  if (setup_.retry == nullptr) return resume;
  resume.rounds = setup_.retry->rounds;
  for (const PlannedNode& node : plan_.nodes) {
    if (node.kind() != ComponentKind::source) continue;
    SourceCheckpoint& source = resume.sources[node.name];
    source.position = Position();
    source.next_ordinal = 0;
    const IntervalSet others = all_but(setup_.retry->families, origin_place(plan_, node));
    for (const auto& interval : others.intervals()) source.finished.add(interval);
  }
  return resume;
}

Status RunSession::make_sinks() {
  Status made = components_->make_sinks();
  if (made.ok()) environment_.keeps_provenance = components_->sinks_want_provenance();
  return made;
}

int RunSession::carry_out(const std::function<int(const Status& fault)>& account) {
  const Status opened = open();
  int exit_code = 0;
  if (opened.ok()) {
    stream();
    exit_code = account(fault());
    // What is left behind still tells of its work: no profile is made of that.
    if (work_) work_->close(left_behind_ ? std::string() : whole().folder());
  } else {
    exit_code = report_fault(opened);
  }
  end(exit_code);
  return exit_code;
}

Status RunSession::open() {
  const bool is_retry = setup_.retry != nullptr;
  if (std::optional<Status> reached = over_budget(plan_.config.budget, usage_of_all_starts())) {
    return *reached;
  }
  Status status = open_sources();
  if (status.ok()) status = check_inputs();
  if (status.ok()) status = open_replies();
  if (status.ok()) status = open_services();
  // A start that was killed may have stored replies after its last checkpoint: they are counted as
  // this start's. Services have named all stores by now.
  if (status.ok()) uncounted_ = uncounted(replies_->paid(), earlier_usage_);
  if (status.ok()) status = components_->open_operators();
  if (status.ok() && !is_retry) status = components_->open_sinks(resume_.sinks);
  if (status.ok()) status = open_spills();
  return status.ok() && !is_retry ? go_on_over_what_came() : status;
}

// Last: a finished run stays finished, and what it knows of its input stays, if this start is
// refused. What came may be taken away again then, or retried without it.
Status RunSession::go_on_over_what_came() {
  const Result<std::map<std::string, Json>> inputs = growing_inputs();
  return inputs ? setup_.state->go_on_over(*inputs) : inputs.status();
}

Result<std::map<std::string, Json>> RunSession::growing_inputs() const {
  std::map<std::string, Json> inputs;
  for (const std::uint32_t index : components_->source_nodes()) {
    const PlannedNode& node = plan_.nodes[index];
    if (!node.grows()) continue;
    Result<Json> identity = components_->source(index).identity();
    if (!identity) return identity.status();
    inputs[node.name] = std::move(*identity);
  }
  return inputs;
}

Status RunSession::open_services() {
  Status status = components_->open_services();
  if (!status.ok()) return status;
  const Result<std::map<std::string, Json>> identities = components_->service_identities();
  if (!identities) return identities.status();
  for (const auto& [service, identity] : *identities) {
    if (status.ok()) status = whole().check_input(service, identity);
  }
  return status;
}

// A retry does again what the finished run read, whatever has come since.
Status RunSession::open_sources() {
  if (std::exchange(sources_are_open_, true)) return Status();
  const bool is_retry = setup_.retry != nullptr;
  return components_->open_sources(
      is_retry ? std::map<std::string, SourceCheckpoint>() : resume_.sources,
      {whole().resume().inputs, setup_.settings.takes_more});
}

Status RunSession::compare_inputs() {
  const Status opened = open_sources();
  return opened.ok() ? check_inputs() : opened;
}

// A source that follows an earlier start has compared its input itself.
Status RunSession::check_inputs() {
  for (const std::uint32_t index : components_->source_nodes()) {
    const PlannedNode& node = plan_.nodes[index];
    if (node.grows()) continue;
    const Result<Json> identity = components_->source(index).identity();
    if (!identity) return identity.status();
    const Status status = whole().check_input(node.name, *identity);
    if (!status.ok()) return status;
  }
  return Status();
}

Result<bool> RunSession::input_has_grown() {
  const bool may = std::any_of(plan_.nodes.begin(), plan_.nodes.end(),
                               [](const PlannedNode& node) { return node.grows(); });
  if (!may) return false;
  if (Status opened = open_sources(); !opened.ok()) return opened;
  const Result<std::map<std::string, Json>> inputs = growing_inputs();
  if (!inputs) return inputs.status();
  return std::any_of(inputs->begin(), inputs->end(), [this](const auto& input) {
    const auto known = resume_.inputs.find(input.first);
    return known == resume_.inputs.end() || known->second != input.second;
  });
}

Status RunSession::open_replies() {
  ReplyStores::Setup stores;
  stores.file = setup_.settings.reply_file;
  stores.run_id = whole().run_id();
  if (const std::string& logs = setup_.settings.reply_log_folder; !logs.empty()) {
    stores.log_folder = logs;
    stores.log_file = logs + "/" + whole().run_id() + ".jsonl";
    stores.logs_first = setup_.settings.committed_attempts;
    stores.logs_first.insert(stores.logs_first.begin(), whole().run_id());
  }
  stores.on_full_disk = [this](Status full) { control_.fail(std::move(full)); };
  Result<std::unique_ptr<ReplyStores>> replies = ReplyStores::open(std::move(stores));
  if (!replies) return replies.status();
  replies_ = std::move(*replies);
  environment_.replies = &replies_->own();
  environment_.reply_stores = replies_.get();
  const std::string& owner = setup_.settings.output_owner;
  environment_.output_owner = owner.empty() ? whole().run_id() : owner;
  environment_.presence = setup_.settings.presence;
  set_log_run(whole().run_id());
  work_ = WorkAccount::open(plan_, setup_.settings, whole().run_id());
  if (work_) environment_.meter = &work_->meter();
  return Status();
}

bool RunSession::spills(const PlannedNode& node) const {
  return node.gathers() || (setup_.retry != nullptr && node.kind() == ComponentKind::sink);
}

Status RunSession::open_spills() {
  for (const PlannedNode& node : plan_.nodes) {
    if (!spills(node)) continue;
    std::optional<Offset> offset;
    if (const auto at = resume_.sinks.find(node.name); at != resume_.sinks.end()) {
      offset = at->second;
    }
    auto spill = GatherSpill::open(spill_folder(*setup_.state) + "/" + node.name + ".rows", offset);
    if (!spill) return spill.status();
    spills_[node.index] = std::move(*spill);
  }
  return Status();
}

// Of this start. What earlier starts left unanswered is seen when the next one begins, which counts
// it as its own, so that the sum over all starts is what the reply store knows.
ServiceUsage RunSession::usage() const {
  ServiceUsage by_service = components_->usage();
  add_usage(by_service, uncounted_);
  add_costs(plan_.config.prices, by_service);
  if (!replies_) return by_service;
  const std::map<std::string, std::uint64_t> unanswered = replies_->unanswered();
  for (auto& [name, numbers] : by_service) {
    if (!numbers.contains("prompt_tokens")) continue;
    const auto of_all_starts = unanswered.find(name);
    std::int64_t calls = 0;
    if (of_all_starts != unanswered.end()) calls = static_cast<std::int64_t>(of_all_starts->second);
    const auto before = earlier_usage_.find(name);
    if (before != earlier_usage_.end())
      calls -= before->second.value("unanswered", std::int64_t{0});
    numbers["unanswered"] = std::max(std::int64_t{0}, calls);
  }
  return by_service;
}

ServiceUsage RunSession::usage_of_all_starts() const {
  ServiceUsage all = earlier_usage_;
  add_usage(all, usage());
  return all;
}

// Not being able to be looked at ends no run.
void RunSession::begin_live() {
  if (setup_.settings.live == nullptr) return;
  LiveRun& live = *setup_.settings.live;
  live.begin(live_facts(plan_, *components_, whole().run_id(), whole().folder()));
  auto pages = LivePages::in_folder(whole().folder(), live);
  if (pages) {
    live_pages_ = std::move(*pages);
  } else {
    log_line(LogLevel::warning, {},
             "`top` and `tap` will not find this run: " + pages.status().message());
  }
}

// Where each output begins is in the state before anything is written: one that cannot be cut back
// has to know it after a kill.
void RunSession::note_beginnings() {
  if (resume_.sinks.empty()) committer_->settle();
}

void RunSession::stream() {
  begin_live();
  Committer::Setup commit;
  Executor::Setup execute;
  commit.plan = &plan_;
  for (const std::uint32_t node : components_->sink_nodes()) {
    if (spills_.contains(node)) continue;
    commit.targets.push_back({node, &components_->sink(node), nullptr});
  }
  for (const auto& [node, spill] : spills_) {
    commit.targets.push_back({node, nullptr, spill.get()});
    execute.spills[node] = spill.get();
  }
  commit.state = setup_.state;
  commit.control = &control_;
  commit.work_observer = work_.get();
  commit.usage = [this] { return usage(); };
  committer_ = std::make_unique<Committer>(std::move(commit));
  execute.plan = &plan_;
  execute.components = components_.get();
  execute.control = &control_;
  execute.committer = committer_.get();
  execute.resume = &resume_;
  execute.is_retry = setup_.retry != nullptr;
  execute.limit = setup_.settings.limit;
  execute.threads = setup_.settings.threads;
  execute.work_observer = work_.get();
  if (setup_.settings.live != nullptr) execute.tap = setup_.settings.live->tap();
  execute.waiting_folder = setup_.state->folder();
  execute.children.folder = setup_.state->folder();
  executor_ = std::make_unique<Executor>(std::move(execute));

  Watch::Setup watch;
  watch.plan = &plan_;
  watch.control = &control_;
  watch.grace_s = plan_.config.grace_s;
  watch.hang_s = setup_.settings.hang_s;
  watch.progress = setup_.settings.progress;
  watch.snapshot = [this] { return snapshot(); };
  if (plan_.config.budget.tokens || plan_.config.budget.cost) {
    watch.over_budget = [this] { return over_budget(plan_.config.budget, usage_of_all_starts()); };
  }
  watch.seen = [this](const ProgressSnapshot& seen) {
    if (setup_.settings.live == nullptr) return;
    setup_.settings.live->look(seen, control_.draining() ? "stopping" : "running");
  };
  watch.stop_asking = [this] { components_->stop_asking(); };
  watch.cut = [this] { components_->cancel_services(); };
  watch.give_up = [this] { give_up(); };
  const Watch watching(std::move(watch));
  if (setup_.settings.metrics != nullptr) {
    setup_.settings.metrics->show([this] {
      return RunMetrics{plan_.config.name, whole().run_id(), snapshot()};
    });
  }
  note_beginnings();
  executor_->run();
  committer_->close();
  left_behind_ = !executor_->settle(plan_.config.grace_s, setup_.settings.hang_s);
}

Status RunSession::fault() const {
  const std::optional<Status> fault = control_.fault();
  return fault ? *fault : reconcile();
}

Status RunSession::reconcile() const {
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

bool RunSession::ended() const {
  return executor_->exhausted() && executor_->flow().abandoned() == 0;
}

Result<std::unique_ptr<SpilledRows>> RunSession::kept_rows(std::uint32_t sink_node) const {
  return spills_.at(sink_node)->in_order();
}

double RunSession::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

RunAccount RunSession::account(const std::string& status, const std::string& fault) const {
  RunAccount account;
  account.status = status;
  account.fault = fault;
  account.tally = resume_.tally;
  if (committer_) account.tally += committer_->tally();
  account.usage = resume_.usage;
  add_usage(account.usage, usage());
  if (replies_) account.paid = replies_->paid();
  account.elapsed_s = resume_.elapsed_s + elapsed_s();
  for (const std::uint32_t node : components_->sink_nodes()) {
    for (std::string& result : components_->sink(node).locations()) {
      account.results.push_back(std::move(result));
    }
  }
  account.state_folder = whole().folder();
  return account;
}

// A node that hangs cannot keep the process alive: what is finished is committed, then it leaves
// without waiting for anybody.
void RunSession::give_up() {
  log_end_of_run(
      LogLevel::error,
      "a node does not end although the run was cut; leaving without it (what was finished is "
      "committed)");
  committer_->close();
  const std::optional<Status> fault = control_.fault();
  if (fault) log_end_of_run(LogLevel::error, fault->message());
  std::fflush(stdout);
  const int exit_code = fault ? exit_code_of(*fault) : kExitInterrupted;
  run_end_command(plan_.config.on_end, {}, exit_code);
  _exit(exit_code);
}

// Cuts what is still under way.
void RunSession::end(int exit_code) {
  log_all_repeats();
  control_.abort();
  control_.cut();
  components_->cancel_services();
  if (left_behind_) {
    std::fflush(stdout);
    run_end_command(plan_.config.on_end, manifest_file(whole().folder()), exit_code);
    _exit(exit_code);
  }
  if (setup_.settings.metrics != nullptr) setup_.settings.metrics->hide();
  live_pages_.reset();
  if (setup_.settings.live != nullptr) setup_.settings.live->end();
  executor_.reset();
}

}  // namespace rare::engine
