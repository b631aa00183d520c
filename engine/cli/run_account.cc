#include "engine/cli/run_account.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "engine/cli/run_options.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/config/diagnostics.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {

Json manifest_in(const std::string& folder) {
  std::ifstream file(folder + "/manifest.json");
  if (!file) return nullptr;
  Json manifest = Json::parse(file, nullptr, false);
  return manifest.is_object() ? manifest : Json();
}

void add_run_choice(CLI::App& verb, RunChoice& run) {
  verb.add_option("RUN", run.load.file, "the pipeline file, or the folder of the run's state")
      ->required();
  add_overlay_options(verb, run.load);
  add_state_dir(verb, run.state_dir);
}

Result<std::string> run_folder(const RunChoice& run) {
  if (!run.state_dir.empty()) return run.state_dir;
  std::error_code error;
  if (std::filesystem::is_directory(run.load.file, error)) return run.load.file;
  Diagnostics diagnostics;
  const PipelineConfig config = load_pipeline(run.load, diagnostics);
  if (diagnostics.ok()) return default_state_folder(config.name);
  return Status(StatusCode::invalid_argument, diagnostics.to_string());
}

int refused_choice(const Status& status, const std::string& color) {
  std::cerr << Style(color, STDERR_FILENO).diagnostics(status.message());
  return kExitConfiguration;
}

const char* state_word(const RunReport& report) {
  if (report.phase == Phase::done) return "complete";
  if (report.holder) return "running";
  return report.phase == Phase::finalising ? "finalising" : "interrupted";
}

Json results_of(const RunReport& report, const Json& manifest) {
  if (report.phase != Phase::done || !manifest.is_object()) return Json::array();
  return manifest.value("results", Json::array());
}

Json status_json(const RunReport& report, const std::string& folder, const Json& manifest) {
  Json json = {{"status", state_word(report)},
               {"holder", report.holder ? Json(*report.holder) : Json()},
               {"created", report.created},
               {"starts", report.starts},
               {"elapsed_s", report.elapsed_s},
               {"records", report.ledger.to_json()},
               {"nodes", Json::object()},
               {"services", report.usage},
               {"dead_letters", Json::array()},
               {"state_folder", folder},
               {"results", results_of(report, manifest)}};
  for (const auto& [name, tally] : report.nodes) json["nodes"][name] = tally.to_json();
  for (const RunReport::Reason& dead : report.dead) {
    json["dead_letters"].push_back(
        {{"node", dead.node}, {"reason", dead.reason}, {"records", dead.records}});
  }
  return json;
}

Result<Json> run_account(const NamedRun& named) {
  const Result<std::string> folder =
      run_folder({{named.run, named.overlays, named.settings}, named.state_dir});
  if (!folder) return folder.status();
  const Result<RunReport> report = read_run_report(*folder);
  if (!report) return report.status();
  Json manifest = manifest_in(*folder);
  Json account = status_json(*report, *folder, manifest);
  account["fingerprint"] = report->fingerprint;
  account["sinks"] = report->sinks;
  account["manifest"] = std::move(manifest);
  account["dead_letters_file"] = "";
  if (!report->dead.empty()) {
    Result<std::string> written = write_dead_letters_of(*folder);
    if (!written) return written.status();
    account["dead_letters_file"] = std::move(*written);
  }
  return account;
}

}  // namespace rare::engine::cli
