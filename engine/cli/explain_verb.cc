#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/cli/load.h"
#include "engine/cli/preview_text.h"
#include "engine/cli/run.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/identities.h"
#include "engine/runtime/labelled_records.h"
#include "engine/runtime/run.h"
#include "engine/state/difference.h"
#include "engine/state/run_report.h"

namespace rare::engine::cli {
namespace {

struct ExplainOptions {
  RunOptions run;
  std::string id;
  bool is_label = false;
  bool json = false;
};

int refuse(const std::string& message) {
  log_line(LogLevel::error, {}, message);
  return kExitConfiguration;
}

// "17", "17.2", "extra:17": a record of a source, or one that came of it.
std::optional<LookBack> family_of(const std::string& id, const Plan& plan) {
  const std::size_t colon = id.rfind(':');
  const std::string source = colon == std::string::npos ? "" : id.substr(0, colon);
  LookBack look_back;
  const char* begin = id.c_str() + (colon == std::string::npos ? 0 : colon + 1);
  const char* end = id.c_str() + id.size();
  const auto [rest, error] = std::from_chars(begin, end, look_back.ordinal);
  if (error != std::errc() || (rest != end && *rest != '.')) return std::nullopt;
  for (const PlannedNode& node : plan.nodes) {
    if (node.kind() != ComponentKind::source) continue;
    look_back.source = origin_place(plan, node);
    if (source.empty() ? look_back.source == 0 : node.name == source) return look_back;
  }
  return std::nullopt;
}

std::string indented(const std::string& text) {
  std::string lines = "      ";
  for (const char character : text) {
    lines += character;
    if (character == '\n') lines += "      ";
  }
  return lines + "\n";
}

std::string replies_text(const Preview& seen, const Style& style) {
  std::string text;
  for (const ModelMeter::Reply& reply : seen.replies) {
    text += style.heading(reply.node) + " asked " + reply.model + ", attempt " +
            std::to_string(reply.attempt + 1);
    if (reply.round > 0) text += " of retry " + std::to_string(reply.round);
    text += " (" + std::to_string(reply.prompt_tokens) + " + " +
            std::to_string(reply.completion_tokens) + " tokens)\n";
    for (const ChatMessage& message : reply.messages) {
      text += "    " + message.role + ":\n" + indented(message.content);
    }
    text += "    reply" + (reply.problem.empty() ? std::string() : ", unusable: " + reply.problem) +
            ":\n" + indented(reply.raw);
  }
  return text;
}

Json explained_json(const Plan& plan, const Preview& seen) {
  Json replies = Json::array();
  for (const ModelMeter::Reply& reply : seen.replies) {
    Json messages = Json::array();
    for (const ChatMessage& message : reply.messages) {
      messages.push_back({{"role", message.role}, {"content", message.content}});
    }
    replies.push_back({{"node", reply.node},
                       {"model", reply.model},
                       {"attempt", reply.attempt},
                       {"round", reply.round},
                       {"prompt_tokens", reply.prompt_tokens},
                       {"completion_tokens", reply.completion_tokens},
                       {"messages", std::move(messages)},
                       {"reply", reply.raw},
                       {"problem", reply.problem}});
  }
  Json json{{"records", steps_json(plan, seen)}, {"replies", std::move(replies)}};
  if (!seen.fault.empty()) json["fault"] = seen.fault;
  return json;
}

// What keeps from looking back at the run in `folder`, or nothing.
std::string why_not(const RunReport& report, const Plan& plan, const std::string& folder) {
  const std::string lines =
      differing_settings(report.fingerprint, fingerprint(plan), fingerprint_defaults(plan));
  if (lines.empty()) return "";
  return "the run in " + folder +
         " was made with other settings, so its records went another way:\n" + lines +
         "\nName the pipeline as it ran, with the same -f and --set.";
}

// The record that the user means: by its id, or by what its source calls it. An error says why it
// cannot be told.
Result<LookBack> find_record(const ExplainOptions& options, const Plan& plan,
                             const RunReport& report) {
  std::optional<LookBack> by_id;
  if (!options.is_label) by_id = family_of(options.id, plan);
  if (by_id) return *by_id;
  const Result<LabelledRecords> found = find_labelled(plan, options.id, report.inputs);
  if (!found) return found.status();
  if (found->count == 0) {
    return Status(StatusCode::not_found,
                  "'" + options.id +
                      "' is no record of a source: expected an id as dead letters have it, such as "
                      "17, 17.2 or NODE:17, or a label that the source's `id_field` gives");
  }
  if (found->count == 1) return *family_of(found->ids.front(), plan);
  std::string ids;
  for (const std::string& id : found->ids) ids += (ids.empty() ? "" : ", ") + id;
  if (found->count > found->ids.size()) ids += ", ...";
  return Status(StatusCode::invalid_argument, std::to_string(found->count) +
                                                  " records are called '" + options.id +
                                                  "': name one of them by its id: " + ids);
}

int explain(const ExplainOptions& options) {
  const ResultsApart apart;
  set_up_log(options.run);
  const std::optional<Loaded> loaded = load(options.run);
  if (!loaded) return kExitConfiguration;
  const Plan& plan = loaded->plan;
  const std::string folder = options.run.state_dir.empty() ? default_state_folder(plan.config.name)
                                                           : options.run.state_dir;
  const Result<RunReport> report = read_run_report(folder);
  if (!report) return refuse(report.status().message());
  if (const std::string reason = why_not(*report, plan, folder); !reason.empty()) {
    return refuse(reason);
  }
  PreviewSettings settings;
  settings.reply_file =
      options.run.cache_file.empty() ? ".rare/replies.db" : options.run.cache_file;
  Result<LookBack> found = find_record(options, plan, *report);
  if (!found) return refuse(found.status().message());
  settings.look_back = std::move(*found);
  settings.look_back->inputs = report->inputs;
  settings.look_back->rounds = report->rounds;
  settings.look_back->run_id = report->run_id;
  const Preview seen = preview_pipeline(plan, settings);
  if (!seen.fault.empty()) log_line(LogLevel::error, {}, seen.fault);
  if (seen.fault.empty() && seen.steps.empty()) {
    return refuse("the input has no record " + options.id);
  }
  const Style style(options.run.color, result_descriptor());
  const int printed = print_result(
      options.json
          ? explained_json(plan, seen).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
          : steps_text(plan, seen, style) + "\n" + replies_text(seen, style));
  const int exit_code = printed != 0                         ? printed
                        : seen.exit_code == kExitDeadLetters ? kExitDone
                                                             : seen.exit_code;
  if (seen.left_behind) {
    std::fflush(stdout);
    _exit(exit_code);
  }
  return exit_code;
}

}  // namespace

void add_explain_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App& verb =
      *app.add_subcommand("explain", "one record's way through a run: nodes, prompts, replies");
  add_pipeline_options(verb, options->run);
  verb.add_option("ID", options->id,
                  "the record, as dead letters name it: 17, 17.2, NODE:17, or its label")
      ->required();
  verb.add_flag("--label", options->is_label,
                "ID is a label, even if it looks like an id: what the source's id_field holds");
  verb.add_flag("--json", options->json, "as JSON, with whole values");
  add_state_dir(verb, options->run.state_dir);
  add_reply_file(verb, options->run.cache_file);
  add_plugin_path(verb, options->run.plugin_path);
  add_log_level(verb, options->run.log_level);
  add_color(verb, options->run.color);
  verb.footer(
      "The record goes its way once more, with the stored replies and no others: nothing is asked\n"
      "and nothing written. Its way ends at nodes that work over the whole set.\n"
      "Example:\n"
      "  rare-engine explain pipelines/rare.yaml 17\n");
  verb.callback([options, &exit_code] {
    set_log_color(Style(options->run.color, STDERR_FILENO).enabled());
    exit_code = explain(*options);
  });
}

}  // namespace rare::engine::cli
