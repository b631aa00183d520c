#include "report_tool.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "field_roles.h"
#include "plugins/files/output_file.h"
#include "report_data.h"
#include "report_page.h"
#include "rows_of_run.h"

namespace rare::look {
namespace {

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

// The nodes as the pipeline has them, of a start that ended.
Json node_order(const Json& manifest) {
  Json names = Json::array();
  if (!manifest.is_object() || !manifest.contains("config")) return names;
  for (const Json& node : manifest["config"].value("nodes", Json::array())) {
    names.push_back(node.value("name", ""));
  }
  return names;
}

// What the manifest of the last start knows of each node and service, where the state does not.
void add_manifest(Json& run) {
  const Json manifest = run["manifest"];
  run.erase("manifest");
  if (!manifest.is_object()) return;
  if (run["status"] == "interrupted" && manifest.contains("fault")) {
    run["status"] = "failed";
    run["fault"] = manifest["fault"];
  }
  for (const char* part : {"nodes", "services"}) {
    const auto of_manifest = manifest.find(part);
    if (of_manifest == manifest.end() || !of_manifest->is_object()) continue;
    for (auto& [name, entry] : run[part].items()) {
      const auto more = of_manifest->find(name);
      if (more == of_manifest->end() || !more->is_object()) continue;
      for (const auto& [key, value] : more->items()) {
        if (!entry.contains(key)) entry[key] = value;
      }
    }
  }
}

Json roles_json(const FieldRoles& roles) {
  return {{"id", roles.id},
          {"text", roles.text},
          {"question", roles.question},
          {"scenario", roles.scenario},
          {"negatives", roles.negatives},
          {"reasoning", roles.reasoning}};
}

// What the records could say and do not.
Json hints_of(const FieldRoles& roles, const Json& rows) {
  Json hints = Json::array();
  if (!rows.is_object()) return hints;
  const Json& analysis = rows.at("analysis");
  const auto none = [&](const char* drawing) { return analysis.at(drawing).at("series").empty(); };
  if (none("scores")) {
    hints.push_back(
        "Scores: the records hold none. Negatives carry theirs with output_scores_key (of "
        "BM25HardNeg); name the field among the sink's 'fields', too, if it has such a list.");
  }
  if (none("ranks")) {
    hints.push_back(
        "Ranks: the records hold none. Negatives carry theirs with output_ranks_key (of "
        "BM25HardNeg).");
  }
  if (roles.positive_score.empty() || roles.positive_rank.empty()) {
    hints.push_back(
        "Score and rank of the document itself: records carry them with output_positive_score_key "
        "and output_positive_rank_key (of BM25HardNeg); other fields are named with "
        "--positive-score and --positive-rank.");
  }
  return hints;
}

Status write_whole(const std::string& path, const std::string& text) {
  const std::string temporary = path + "." + std::to_string(::getpid()) + ".tmp";
  const auto failed = [&](const std::string& reason) {
    std::remove(temporary.c_str());
    return Status::run_fault(StatusCode::invalid_argument,
                             "writing " + path + ": " + reason + "; choose another place by --out");
  };
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return failed(std::generic_category().message(errno));
  if (Status placed = files::put_in_place(temporary, path); !placed)
    return failed(placed.message());
  return Status();
}

}  // namespace

ToolUsage ReportTool::usage() {
  Spec spec("report");
  spec.summary("makes one HTML page about a run: ledger, dead letters, records, twins, suspects")
      .description(
          "RUN is a pipeline file, or the folder of a run's state; the run may be complete, failed "
          "or still under way. The page needs no network. The records of one output are read once, "
          "as far as they are committed; 20 of them, drawn at random, stand in the page.")
      .required_param(&ReportTool::run_, "run", "The pipeline file, or the folder of its state.")
      .param(&ReportTool::overlays_, "f", std::vector<std::string>(),
             "An overlay, as the run had it: a pipeline file with only what changes; repeatable, "
             "later ones win.")
      .param(&ReportTool::settings_, "set", std::vector<std::string>(),
             "PATH=VALUE: one value, as the run had it; repeatable.")
      .param(&ReportTool::state_dir_, "state_dir", "",
             "What the run knows of itself, where it "
             "is not kept in .rare/NAME.")
      .param(&ReportTool::out_, "out", "", "The page. Default: report.html in the run's state.")
      .param(&ReportTool::node_, "node", "",
             "The sink whose records are looked into, where there are several.")
      .param(&ReportTool::file_, "file", "",
             "A file of records in the place of the run's own output.")
      .param(&ReportTool::positive_score_, "positive_score", "",
             "A field with the score of the record's own document, where no parameter "
             "(output_positive_score_key) names it.")
      .param(&ReportTool::positive_rank_, "positive_rank", "",
             "Likewise with its rank, counted from 0.")
      .param(&ReportTool::seed_, "seed", 0, "Of the random records.")
      .at_least(0);
  return {files::add_read_parameters<ReportTool>(spec),
          {"run"},
          "rare-engine report pipelines/rare.yaml\n"
          "rare-engine report pipelines/rare.yaml -f pipelines/openai.yaml\n"
          "rare-engine report .rare/rare --out rare.html"};
}

Result<Json> ReportTool::data_of(ToolContext& context, const Json& account) const {
  std::vector<RunOutput> outputs = outputs_of(account);
  const auto is_wanted = [this](const RunOutput& output) {
    return node_.empty() ? !output.file.empty() : output.node == node_;
  };
  auto chosen = static_cast<std::size_t>(std::find_if(outputs.begin(), outputs.end(), is_wanted) -
                                         outputs.begin());
  if (!node_.empty() && chosen == outputs.size()) {
    std::string names;
    for (const RunOutput& output : outputs) names += (names.empty() ? "" : ", ") + output.node;
    return Status::run_fault(StatusCode::invalid_argument,
                             "--node " + node_ +
                                 ": expected a sink of this run that has written: " +
                                 (names.empty() ? "there is none yet" : names));
  }
  RowsToRead wanted;
  static_cast<files::ReadParameters&>(wanted.parameters) = *this;
  wanted.roles = FieldRoles::of_settings(account.at("fingerprint"));
  if (!positive_score_.empty()) wanted.roles.positive_score = positive_score_;
  if (!positive_rank_.empty()) wanted.roles.positive_rank = positive_rank_;
  wanted.seed = seed_;
  if (!file_.empty()) {
    wanted.file = file_;
    outputs.insert(outputs.begin(), RunOutput{"--file", file_, file_, {}, format_, {}, ""});
    chosen = 0;
  } else if (chosen < outputs.size()) {
    wanted.file = outputs[chosen].file;
    wanted.end = outputs[chosen].end;
    wanted.parameters.format_ = outputs[chosen].format;
  }
  Json data = {
      {"seed", seed_}, {"roles", roles_json(wanted.roles)}, {"rows", nullptr}, {"rows_fault", ""}};
  data["outputs"] = Json::array();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    data["outputs"].push_back({{"node", outputs[i].node},
                               {"path", outputs[i].path},
                               {"file", outputs[i].file},
                               {"note", outputs[i].note},
                               {"looked_at", i == chosen}});
  }
  if (wanted.file.empty()) {
    data["rows_fault"] = "There is no file of records to look into; name one with --file.";
  } else {
    Result<Json> rows = rows_data(wanted);
    // Of a file that the user named it is an error; else the page says it beside the ledger.
    if (!rows && !file_.empty()) return rows.status();
    if (rows)
      data["rows"] = std::move(*rows);
    else
      data["rows_fault"] = rows.status().message();
  }
  if (const std::string fault = data["rows_fault"]; !fault.empty())
    context.log(LogLevel::warning, fault);
  data["hints"] = hints_of(wanted.roles, data["rows"]);
  data["look_hint"] = "A record by its number: rare-engine inspect " +
                      (wanted.file.empty() ? std::string("FILE") : wanted.file) + " --at NUMBER";
  return data;
}

Result<int> ReportTool::run(ToolContext& context) {
  Result<Json> account = context.run_account({run_, overlays_, settings_, state_dir_});
  if (!account) return account.status();
  Result<Json> data = data_of(context, *account);
  if (!data) return data.status();
  Json& run = *account;
  const Json& manifest = run["manifest"];
  const std::string folder = run["state_folder"];
  (*data)["title"] = manifest.is_object() ? manifest.value("name", folder) : folder;
  (*data)["made"] = now_utc();
  (*data)["node_order"] = node_order(manifest);
  (*data)["dead_letters_file"] = run["dead_letters_file"];
  (*data)["dead"] = dead_letters_shown(run["dead_letters_file"]);
  add_manifest(run);
  run.erase("fingerprint");
  run.erase("sinks");
  (*data)["run"] = std::move(run);
  const std::string path = out_.empty() ? folder + "/report.html" : out_;
  if (Status written = write_whole(path, report_page(*data)); !written) return written;
  context.out() << path << "\n";
  return 0;
}

}  // namespace rare::look
