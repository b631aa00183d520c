#include "engine/runtime/shard_run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/end_command.h"
#include "engine/runtime/run_closing.h"
#include "engine/runtime/run_session.h"
#include "engine/runtime/shard_plan.h"
#include "engine/state/folder.h"
#include "engine/state/shard_folder.h"
#include "engine/state/shard_presence.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

// A path of the pipeline as this attempt writes it: the name keeps its place in the shard's file,
// rare.jsonl.gz becomes rare-00017.jsonl.gz.
std::string attempt_path(const std::string& path, const std::string& folder, std::uint32_t shard) {
  std::string name = fs::path(path).filename().string();
  if (name.empty()) name = fs::path(path).parent_path().filename().string();
  const std::size_t dot = std::min(name.find('.', 1), name.size());
  return folder + "/" + name.substr(0, dot) + "-" + shard_digits(shard) + name.substr(dot);
}

Status copy_synced(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) return file_error("cannot copy to", to, error.value());
  fs::permissions(to, fs::perms(0644), error);
  const int descriptor = ::open(to.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  return synced ? Status() : file_error("cannot write", to, reason);
}

// What a run has once is divided among its shards.
template <class Number>
void divide(std::optional<Number>& bound, std::uint32_t shards) {
  if (bound) *bound = *bound / static_cast<Number>(shards);
}

class ShardRun {
 public:
  ShardRun(const Plan& plan, RunSettings settings, ShardSettings shard)
      : plan_(plan), settings_(std::move(settings)), shard_(std::move(shard)) {}
  int execute();

 private:
  Status take_up_plan();
  Status find_plan();
  Status open_state();
  void write_to_attempt();
  void begin_session();
  // Whether all is written, and only the commit is left.
  Result<bool> is_written();
  Status finalise();
  int account(Status fault);
  Result<Json> part() const;
  Result<Json> files() const;
  Status keep_dead_letters() const;
  int commit();
  std::string name() const {
    return "shard " + std::to_string(shard_.shard) + " of " + std::to_string(*shard_.shards);
  }
  std::string attempt() const { return folder_->attempt_folder(shard_.shard, state_->run_id()); }
  // Of a shard that is to be retried: takes up what was committed. Whether there is something to
  // do.
  Result<bool> take_up_dead_letters(const std::optional<Json>& committed);
  // What the retry rests on: `committed_attempts`.
  Status take_up_attempts();
  Status ask_anew();
  int already_committed(const Json& part) const;

  Plan plan_;  // with paths of this attempt, once there is a state
  RunSettings settings_;
  ShardSettings shard_;
  std::optional<ShardFolder> folder_;
  Json planned_;
  std::uint32_t retry_ = 0;  // its number, from 1; 0: the run
  RetryRounds rounds_;       // of a retry
  std::string base_;         // the attempt that it retries
  std::unique_ptr<RunState> state_;
  std::optional<ShardPresence> presence_;  // outlives the session
  std::unique_ptr<RunSession> session_;
  RunAccount account_;  // of the finished shard
};

Status ShardRun::find_plan() {
  Result<std::optional<Json>> found = folder_->plan();
  if (!found) return found.status();
  if (*found) {
    planned_ = std::move(**found);
    return Status();
  }
  if (!shard_.shards) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "--shard auto: " + folder_->folder() +
                                 " has no plan yet that says how many shards there are: say it as "
                                 "--shard auto/N");
  }
  Result<Json> made = divide_input(plan_, *shard_.shards);
  if (!made) return made.status();
  Result<Json> first = folder_->put_plan(*made);
  if (first) planned_ = std::move(*first);
  return first.status();
}

Status ShardRun::take_up_plan() {
  if (Status status = check_divisible(plan_); !status.ok()) return status;
  Result<ShardFolder> folder = ShardFolder::open(shard_.folder);
  if (!folder) return folder.status();
  folder_ = std::move(*folder);
  if (Status status = find_plan(); !status.ok()) return status;
  const Result<std::uint32_t> shards = planned_shards(planned_, folder_->folder());
  if (!shards) return shards.status();
  if (shard_.shards.value_or(*shards) != *shards) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "--shard: expected " + std::to_string(*shards) +
                                 " shards, as the run in " + folder_->folder() +
                                 " was planned, came " + std::to_string(*shard_.shards) +
                                 ". Use that number, or take another folder with --out DIR.");
  }
  shard_.shards = *shards;
  if (shard_.shard >= *shards) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "--shard: expected a number from 0 to " + std::to_string(*shards - 1) +
                                 ", came " + std::to_string(shard_.shard));
  }
  if (Status status = check_planned(planned_, plan_, folder_->folder()); !status.ok()) {
    return status;
  }
  auto ranges = planned_ranges(planned_, shard_.shard, folder_->folder());
  if (ranges) settings_.ranges = std::move(*ranges);
  settings_.reply_log_folder = folder_->replies_folder(shard_.shard);
  settings_.output_owner = plan_digest(planned_) + "-" + shard_digits(shard_.shard);
  return ranges.status();
}

Result<bool> ShardRun::take_up_dead_letters(const std::optional<Json>& committed) {
  if (!committed) {
    return Status::run_fault(StatusCode::unavailable, name() + " is not committed in " +
                                                          folder_->folder() +
                                                          ": run it, then retry its dead letters");
  }
  const auto last = committed->value("retry", 0U);
  const Ledger ledger = Ledger::from_json(committed->value("records", Json::object()));
  if (ledger.dead == 0) return false;
  const std::optional<RetryRounds> rounds =
      RetryRounds::from_json(committed->value("rounds", Json()));
  if (!rounds || rounds->empty()) {
    return Status::run_fault(StatusCode::invalid_data,
                             folder_->part_file(shard_.shard, last) +
                                 " does not say which records its " + std::to_string(ledger.dead) +
                                 " dead letters are (`rounds`). " +
                                 folder_->made_again_by(shard_.shard, last));
  }
  rounds_ = *rounds;
  base_ = committed->value("attempt", "");
  retry_ = last + 1;
  const Status known = take_up_attempts();
  if (!known.ok()) return known;
  return true;
}

Status ShardRun::take_up_attempts() {
  for (std::uint32_t retry = retry_; retry-- > 0;) {
    const Result<std::optional<Json>> part = folder_->part(shard_.shard, retry);
    if (!part) return part.status();
    if (*part) settings_.committed_attempts.push_back((*part)->value("attempt", ""));
  }
  return Status();
}

// A start that was killed here does it again: nothing was asked yet. (That there was a start is
// known before this is.)
Status ShardRun::ask_anew() {
  if (retry_ == 0 || state_->resume().retries > 0) return Status();
  return state_->reset_for_retry(RetryWork{{}, rounds_});
}

Status ShardRun::open_state() {
  settings_.state_folder +=
      "/shard-" + std::to_string(shard_.shard) + "-of-" + std::to_string(*shard_.shards);
  Json identity{{"--out", folder_->folder()},
                {"plan.json", plan_digest(planned_)},
                {"--shard", shard_.shard}};
  if (retry_ > 0) {
    settings_.state_folder += "-retry-" + std::to_string(retry_);
    identity["retry"] = retry_;
    identity["of"] = base_;  // where that was made again, its dead letters are others
  }
  StateOptions options = state_options(plan_, settings_.state_folder, std::move(identity));
  options.fresh = settings_.fresh;
  Result<std::unique_ptr<RunState>> state = RunState::open(std::move(options));
  if (!state) return state.status();
  state_ = std::move(*state);
  if (Status status = ask_anew(); !status.ok()) return status;
  divide(plan_.config.budget.tokens, *shard_.shards);
  divide(plan_.config.budget.cost, *shard_.shards);
  write_to_attempt();
  if (Status made = make_shared_folder(attempt()); !made.ok()) return made;
  begin_session();
  return session_->make_sinks();
}

void ShardRun::write_to_attempt() {
  for (PlannedNode& node : plan_.nodes) {
    if (node.kind() != ComponentKind::sink) continue;
    for (const ParamSpec& param : node.spec().params()) {
      Json& value = node.values.at(param.name);
      if (!is_output_path(param, value)) continue;
      value = attempt_path(value.get<std::string>(), attempt() + "/" + node.name, shard_.shard);
    }
  }
}

void ShardRun::begin_session() {
  session_.reset();  // one that is begun again
  presence_.emplace(folder_->running_folder(),
                    presence_name(shard_.shard, state_->run_id(), retry_));
  settings_.presence = &*presence_;
  RunSession::Setup setup;
  setup.plan = &plan_;
  setup.settings = settings_;
  setup.state = state_.get();
  session_ = std::make_unique<RunSession>(std::move(setup));
}

Status ShardRun::finalise() {
  return finalise_output(*state_, session_->components(), [this] {
    account_ = session_->account("complete", std::string());
    account_.results.clear();  // places that `finish` gives other names
    return write_reports(*state_, plan_, account_, session_->counters());
  });
}

Result<bool> ShardRun::is_written() {
  const Resume& resume = state_->resume();
  if (resume.phase == Phase::running) return false;
  if (resume.phase == Phase::finalising) {
    Status status = session_->components().open_sinks(resume.sinks);
    if (status.ok()) status = finalise();
    if (!status.ok()) return status;
    return true;
  }
  account_ = session_->account("complete", std::string());
  account_.results.clear();
  if (session_->components().sink_without_output(resume.sinks) == nullptr) return true;
  log_line(LogLevel::info, {},
           name() +
               " was finished, but what it wrote is gone: making it again "
               "(stored replies are used)");
  Status status = state_->reset();
  if (status.ok()) {
    begin_session();
    status = session_->make_sinks();
  }
  if (!status.ok()) return status;
  return false;
}

// What the attempt wrote, by sink: {node, name}, a file or folder whose name `finish` keeps.
Result<Json> ShardRun::files() const {
  Json files = Json::array();
  for (const PlannedNode& node : plan_.nodes) {
    if (node.kind() != ComponentKind::sink) continue;
    const std::string folder = attempt() + "/" + node.name;
    std::error_code error;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      names.push_back(entry.path().filename().string());
    }
    if (error == std::errc::no_such_file_or_directory) continue;  // no rows, and no file of none
    if (error) return file_error("cannot look into", folder, error.value());
    std::sort(names.begin(), names.end());
    for (std::string& found : names) {
      files.push_back({{"node", node.name}, {"name", std::move(found)}});
    }
    if (Status synced = sync_folder(folder); !synced.ok()) return synced;
  }
  return files;
}

// Beside the rows, because the state is of this machine alone.
Status ShardRun::keep_dead_letters() const {
  if (account_.tally.ledger.dead == 0) return Status();
  if (Status written = state_->write_dead_letters(); !written.ok()) return written;
  return copy_synced(state_->folder() + "/dead_letters.jsonl", attempt() + "/dead_letters.jsonl");
}

Result<Json> ShardRun::part() const {
  if (Status kept = keep_dead_letters(); !kept.ok()) return kept;
  Result<Json> files = this->files();
  if (!files) return files.status();
  if (Status synced = sync_folder(attempt()); !synced.ok()) return synced;
  Json nodes = Json::object();
  for (const PlannedNode& node : plan_.nodes) {
    nodes[node.name] = account_.tally.nodes[node.index].to_json();
  }
  Json rounds = Json::array();
  if (account_.tally.ledger.dead > 0) {
    const Result<RetryWork> next = state_->retry_work();
    if (!next) return next.status();
    rounds = next->rounds.to_json();
  }
  return Json{{"format", 1},
              {"shard", shard_.shard},
              {"retry", retry_},
              {"plan", plan_digest(planned_)},
              {"attempt", state_->run_id()},
              {"files", std::move(*files)},
              {"records", account_.tally.ledger.to_json()},
              {"rounds", std::move(rounds)},
              {"nodes", std::move(nodes)},
              {"services", account_.usage},
              {"elapsed_s", account_.elapsed_s}};
}

int ShardRun::already_committed(const Json& part) const {
  const Ledger ledger = Ledger::from_json(part.value("records", Json::object()));
  write_result(name() + " is complete, " + std::to_string(ledger.written) + " records; in " +
               folder_->folder() + "\n");
  return kExitDone;
}

int ShardRun::commit() {
  Result<Json> mine = part();
  if (!mine) return report_fault(mine.status());
  Result<Json> first = folder_->put_part(shard_.shard, retry_, *mine);
  if (!first) return report_fault(first.status());
  if (first->value("attempt", "") == state_->run_id()) return already_committed(*first);
  log_line(LogLevel::warning, {},
           name() +
               ": another attempt was committed before this one, and counts; what this one "
               "made is taken away (its replies are kept)");
  std::error_code not_needed;  // `finish` sweeps what is left
  fs::remove_all(attempt(), not_needed);
  return already_committed(*first);
}

int ShardRun::account(Status fault) {
  const bool ended = fault.ok() && session_->ended();
  if (ended) fault = finalise();
  const std::string status = fault.code() == StatusCode::budget_reached ? "budget_reached"
                             : !fault.ok()                              ? "failed"
                             : ended                                    ? "complete"
                                                                        : "interrupted";
  if (status != "complete") {
    account_ = session_->account(status, fault.ok() ? std::string() : fault.message());
    account_.results.clear();
    const Status written = write_reports(*state_, plan_, account_, session_->counters());
    if (fault.ok() && !written.ok()) fault = written;
  }
  print_closing(plan_, account_, session_->components());
  if (!fault.ok()) return report_fault(fault);
  if (ended) return commit();
  log_end_of_run(LogLevel::info, "interrupted; the same command goes on from here");
  return kExitInterrupted;
}

int ShardRun::execute() {
  if (Status status = take_up_plan(); !status.ok()) return report_fault(status);
  Result<std::optional<Json>> committed = folder_->latest_part(shard_.shard);
  if (!committed) return report_fault(committed.status());
  if (shard_.retry) {
    const Result<bool> has_dead = take_up_dead_letters(*committed);
    if (!has_dead) return report_fault(has_dead.status());
  }
  if (*committed && retry_ == 0) return already_committed(**committed);
  if (Status status = open_state(); !status.ok()) return report_fault(status);
  const Result<bool> written = is_written();
  if (!written) return report_fault(written.status());
  const int exit_code =
      *written ? commit()
               : session_->carry_out([this](const Status& fault) { return account(fault); });
  session_.reset();
  presence_.reset();
  state_.reset();  // free for what the command may start
  run_end_command(plan_.config.on_end, manifest_file(settings_.state_folder), exit_code);
  return exit_code;
}

}  // namespace

int run_shard(const Plan& plan, const RunSettings& settings, const ShardSettings& shard) {
  return ShardRun(plan, settings, shard).execute();
}

}  // namespace rare::engine
