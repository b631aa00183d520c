#include "engine/cli/run.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "engine/cli/load.h"
#include "engine/cli/shard_option.h"
#include "engine/cli/verbs.h"
#include "engine/observe/live_pages.h"
#include "engine/observe/log.h"
#include "engine/observe/metrics_endpoint.h"
#include "engine/observe/standard_output.h"
#include "engine/observe/trace_target.h"
#include "engine/runtime/retry.h"
#include "engine/runtime/run.h"
#include "engine/runtime/run_closing.h"
#include "engine/runtime/shard_finish.h"
#include "engine/runtime/shard_run.h"
#include "engine/state/shard_folder.h"

namespace rare::engine::cli {

namespace {

// Where the state of this run is kept. A whole-set node over a part of the input gives out
// something else than over all of it, so that no later start could go on from there: such a run has
// a state of its own, and must not write over the output of the whole one.
std::optional<std::string> state_folder(const RunOptions& options, const Plan& plan) {
  if (!options.state_dir.empty()) return options.state_dir;
  const std::string folder = default_state_folder(plan.config.name);
  const auto gather = std::find_if(plan.nodes.begin(), plan.nodes.end(),
                                   [](const PlannedNode& node) { return node.gathers(); });
  if (!options.limit || gather == plan.nodes.end()) return folder;
  if (std::filesystem::exists(folder + "/state.db")) {
    log_line(LogLevel::error, {},
             "--limit: node '" + gather->name +
                 "' works over the whole set, so a run over a part of it cannot be gone on with, "
                 "and would write over the output of the run in " +
                 folder +
                 ". Give it a state and an output of its own: --state-dir FOLDER "
                 "--set nodes.NODE.with.path=FILE");
    return std::nullopt;
  }
  return folder + "-limit-" + std::to_string(*options.limit);
}

RunSettings settings_of(const RunOptions& options, const std::string& folder) {
  RunSettings settings;
  settings.state_folder = folder;
  settings.reply_file = options.cache_file.empty() ? ".rare/replies.db" : options.cache_file;
  settings.fresh = options.fresh;
  settings.limit = options.limit;
  settings.profile = options.profile;
  const bool is_json = options.progress == "auto" && options.log_format == "json";
  const auto style =
      progress_style(is_json ? "json" : options.progress, ::isatty(STDERR_FILENO) == 1);
  settings.progress = style.value_or(ProgressStyle::plain);
  return settings;
}

// Runs with what `run` is given, and metrics where they are wanted: a port that cannot be had ends
// it before anything has begun.
int with_metrics(const RunOptions& options, RunSettings settings,
                 const std::function<int(const RunSettings&)>& run) {
  if (!options.metrics_port) return run(settings);
  const Result<std::unique_ptr<MetricsEndpoint>> metrics =
      MetricsEndpoint::open(*options.metrics_port, RARE_ENGINE_VERSION);
  if (!metrics) {
    log_line(LogLevel::error, {}, "--metrics-port: " + metrics.status().message());
    return kExitConfiguration;
  }
  log_line(LogLevel::info, {}, "metrics at " + (*metrics)->url());
  settings.metrics = metrics->get();
  return run(settings);
}

// Runs with traces where they are wanted. What is wrong in the environment is no reason not to run.
int with_traces(const RunOptions& options, RunSettings settings,
                const std::function<int(const RunSettings&)>& run) {
  Result<std::optional<TraceTarget>> target = trace_target(options.traces);
  if (!target) {
    log_line(LogLevel::error, {}, "--traces: " + target.status().message());
    return kExitConfiguration;
  }
  settings.traces = std::move(*target);
  if (settings.traces) {
    for (const std::string& warning : settings.traces->warnings) {
      log_line(LogLevel::warning, {}, warning);
    }
  }
  return with_metrics(options, std::move(settings), run);
}

// Runs with what is told to those that look at it from outside: `top` and `tap` always, and a page
// where it is wanted. An address that cannot be had ends it before anything has begun.
int with_pages(const RunOptions& options, RunSettings settings,
               const std::function<int(const RunSettings&)>& run) {
  LiveRun live;
  settings.live = &live;
  std::unique_ptr<LivePages> pages;
  if (options.ui) {
    const Result<NetworkPlace> place = network_place(options.ui->empty() ? "0" : *options.ui);
    auto opened = place ? LivePages::on_network(*place, live)
                        : Result<std::unique_ptr<LivePages>>(place.status());
    if (!opened) {
      log_line(LogLevel::error, {}, "--ui: " + opened.status().message());
      return kExitConfiguration;
    }
    pages = std::move(*opened);
    log_line(LogLevel::info, {}, "the run can be seen at " + pages->url());
  }
  return with_traces(options, std::move(settings), run);
}

// The run's threads hand each other small pieces of work, and each that wakes would take a core
// from one in the middle of its own. Who asked for another policy (chrt) keeps it.
void work_without_preemption() {
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  const sched_param none{};
  (void)sched_setscheduler(0, SCHED_BATCH, &none);
}

int run_shard_of(const RunOptions& options, const Plan& plan, const ShardSettings& shard) {
  const std::optional<std::string> folder = state_folder(options, plan);
  if (!folder) return kExitConfiguration;
  const EndsWithParent ends_with_parent;
  return with_pages(options, settings_of(options, *folder),
                    [&](const RunSettings& settings) { return run_shard(plan, settings, shard); });
}

// The one that --shard names.
int run_named_shard(const RunOptions& options, const Plan& plan, bool retry) {
  Result<ShardSettings> shard = shard_settings(options.shard, options.out);
  if (!shard) {
    log_line(LogLevel::error, {}, shard.status().message());
    return kExitConfiguration;
  }
  shard->retry = retry;
  return run_shard_of(options, plan, *shard);
}

// One after the other, on this machine; then the output that was finished is again.
int retry_shards(const RunOptions& options, const Plan& plan) {
  const Result<ShardFolder> folder = ShardFolder::open_planned(options.out);
  const Result<ShardProgress> progress =
      folder ? shard_progress(*folder) : Result<ShardProgress>(folder.status());
  if (!progress) return report_fault(progress.status());
  for (const Json& part : progress->parts) {
    if (!has_dead_letters(part)) continue;
    const ShardSettings shard{part.at("shard").get<std::uint32_t>(), progress->shards, options.out,
                              /*retry=*/true};
    const int exit_code = run_shard_of(options, plan, shard);
    if (exit_code != kExitDone) return exit_code;
  }
  if (progress->finished) return finish_shards(options.out);
  write_result("retried; the run in " + folder->folder() +
               " is not finished: when all its shards are complete, rare-engine finish " +
               folder->folder() + "\n");
  return kExitDone;
}

}  // namespace

int run_command(const RunOptions& options) {
  const ResultsApart apart;
  set_up_log(options);
  work_without_preemption();
  const std::optional<Loaded> loaded = load(options);
  if (!loaded) return kExitConfiguration;
  if (!options.shard.empty()) return run_named_shard(options, loaded->plan, /*retry=*/false);
  const std::optional<std::string> folder = state_folder(options, loaded->plan);
  if (!folder) return kExitConfiguration;
  return with_pages(options, settings_of(options, *folder), [&](const RunSettings& settings) {
    return run_pipeline(loaded->plan, settings);
  });
}

int retry_command(const RunOptions& options) {
  const ResultsApart apart;
  set_up_log(options);
  work_without_preemption();
  if (std::error_code error; std::filesystem::is_directory(options.load.file, error)) {
    log_line(LogLevel::error, {},
             options.load.file +
                 " is a folder: a retry runs the pipeline, and so needs its file, with the same -f "
                 "and --set as the run; its state is named with --state-dir, the folder of a run "
                 "in shards with --out");
    return kExitConfiguration;
  }
  const std::optional<Loaded> loaded = load(options);
  if (!loaded) return kExitConfiguration;
  if (!options.shard.empty()) return run_named_shard(options, loaded->plan, /*retry=*/true);
  if (!options.out.empty()) return retry_shards(options, loaded->plan);
  const std::optional<std::string> folder = state_folder(options, loaded->plan);
  if (!folder) return kExitConfiguration;
  return with_pages(options, settings_of(options, *folder), [&](const RunSettings& settings) {
    return retry_dead_letters(loaded->plan, settings);
  });
}

}  // namespace rare::engine::cli
