#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/run_account.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/runtime/manifest.h"
#include "engine/runtime/service_usage.h"
#include "engine/runtime/shard_finish.h"
#include "engine/state/run_report.h"

namespace rare::engine::cli {
namespace {

constexpr std::size_t kReasonsShown = 20;

struct StatusOptions {
  RunChoice run;
  bool json = false;
  std::string color = "auto";
};

std::string headline(const RunReport& report) {
  std::string text = state_word(report);
  if (report.holder) text += " (" + *report.holder + ")";
  if (report.phase != Phase::done && !report.holder) {
    text += "; the same command goes on from here";
  }
  char times[120];
  std::snprintf(times, sizeof times, "begun %s, %llu start%s, %.1f s in all",
                report.created.c_str(), static_cast<unsigned long long>(report.starts),
                report.starts == 1 ? "" : "s", report.elapsed_s);
  return text + "\n" + times + "\n";
}

std::string node_table(const RunReport& report) {
  std::vector<std::vector<std::string>> rows{{"NODE", "IN", "OUT", "FILTERED", "DEAD"}};
  for (const auto& [name, tally] : report.nodes) {
    rows.push_back({name, std::to_string(tally.in), std::to_string(tally.out),
                    std::to_string(tally.filtered), std::to_string(tally.dead)});
  }
  return rows.size() > 1 ? columns(rows) : "";
}

std::string counter_table(const RunReport& report) {
  std::vector<std::vector<std::string>> rows{{"NODE", "COUNTER", "COUNT"}};
  for (const auto& [name, tally] : report.nodes) {
    for (const auto& [counter, count] : tally.counters) {
      rows.push_back({name, counter, std::to_string(count)});
    }
  }
  return rows.size() > 1 ? columns(rows) : "";
}

std::string dead_letter_table(const RunReport& report) {
  std::vector<std::vector<std::string>> rows{{"DEAD", "NODE", "REASON"}};
  for (const RunReport::Reason& dead : report.dead) {
    if (rows.size() > kReasonsShown) break;
    rows.push_back({std::to_string(dead.records), dead.node, dead.reason});
  }
  std::string text = columns(rows);
  if (report.dead.size() > kReasonsShown) {
    text += "and " + std::to_string(report.dead.size() - kReasonsShown) + " more reasons\n";
  }
  return text;
}

std::string status_text(const RunReport& report, const Json& results,
                        const std::string& dead_letters) {
  std::string text = headline(report) + "ledger: " + report.ledger.to_string() + "\n" +
                     usage_text(report.usage) + node_table(report) + counter_table(report);
  for (const Json& result : results) {
    if (result.is_string()) text += "result: " + result.get<std::string>() + "\n";
  }
  if (!report.dead.empty()) {
    text += dead_letter_table(report) + "dead letters: " + dead_letters + "\n";
  }
  return text;
}

// Of a run in shards, by its `--out` folder.
int show_shards(const ShardFolder& folder, bool as_json) {
  const Result<ShardProgress> progress = shard_progress(folder);
  if (!progress) return refused(progress.status());
  const std::size_t done = progress->shards - progress->missing.size();
  if (as_json) {
    Json json = progress->sums;
    json["status"] = progress->finished ? "complete" : "running";
    json["shards"] = progress->shards;
    json["missing"] = progress->missing;
    return print_result(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  std::string text = std::to_string(done) + " of " + std::to_string(progress->shards) +
                     " shards are complete" +
                     (progress->finished ? ", and the run is finished\n" : "\n");
  if (!progress->missing.empty()) text += "missing: " + missing_shards(*progress) + "\n";
  text += "ledger: " + Ledger::from_json(progress->sums.at("records")).to_string() + "\n" +
          usage_text(progress->sums.at("services").get<ServiceUsage>());
  return print_result(text);
}

int show_status(const StatusOptions& options) {
  if (const auto shared = ShardFolder::open_planned(options.run.load.file); shared.ok()) {
    return show_shards(*shared, options.json);
  }
  const Result<std::string> folder = run_folder(options.run);
  if (!folder) return refused_choice(folder.status(), options.color);
  const Result<RunReport> report = read_run_report(*folder);
  if (!report) return refused(report.status());
  std::string dead_letters;
  if (!report->dead.empty()) {
    Result<std::string> written = write_dead_letters_of(*folder);
    if (!written) return refused(written.status());
    dead_letters = std::move(*written);
  }
  const Json manifest = manifest_in(*folder);
  if (!options.json) {
    return print_result(status_text(*report, results_of(*report, manifest), dead_letters));
  }
  return print_result(
      status_json(*report, *folder, manifest).dump(2, ' ', false, Json::error_handler_t::replace) +
      "\n");
}

}  // namespace

void add_status_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<StatusOptions>();
  CLI::App& verb = *app.add_subcommand(
      "status", "what a run has done so far, also while it runs: records, tokens, dead letters");
  add_run_choice(verb, options->run);
  verb.get_option("RUN")->description(
      "the pipeline file, the folder of the run's state, or --out of a run in shards");
  verb.add_flag("--json", options->json, "as JSON");
  add_color(verb, options->color);
  verb.footer(
      "It also writes dead_letters.jsonl beside the state, when there are any.\n"
      "Examples:\n"
      "  rare-engine status pipelines/rare.yaml\n"
      "  rare-engine status .rare/rare --json\n"
      "  rare-engine status /shared/out\n");
  verb.callback([options, &exit_code] { exit_code = show_status(*options); });
}

}  // namespace rare::engine::cli
