#include <CLI/CLI.hpp>
#include <iostream>
#include <utility>

#include "engine/cli/verbs.h"
#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {
namespace {

// One value for each time an option is given, so that what follows is not taken for more of them.
void repeatable(CLI::Option* option) { option->allow_extra_args(false)->take_all(); }

std::string is_setting(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0) return "";
  return "'" + text + "' is no PATH=VALUE, for example nodes.questions.parallelism=8";
}

}  // namespace

void add_pipeline_options(CLI::App& verb, RunOptions& options) {
  verb.add_option("PIPELINE", options.load.file, "the pipeline file")->required();
  add_overlay_options(verb, options.load);
}

void add_overlay_options(CLI::App& verb, LoadOptions& options) {
  repeatable(verb.add_option("-f", options.overlays,
                             "an overlay: a pipeline file with only what changes; repeatable, "
                             "later ones win")
                 ->type_name("OVERLAY.yaml"));
  repeatable(verb.add_option("--set", options.settings,
                             "one value by its path, as messages show it; repeatable")
                 ->type_name("PATH=VALUE")
                 ->check(CLI::Validator(is_setting, "")));
}

void add_state_dir(CLI::App& verb, std::string& state_dir) {
  verb.add_option("--state-dir", state_dir, "what the run knows of itself (default: .rare/NAME)")
      ->type_name("FOLDER");
}

void add_reply_file(CLI::App& verb, std::string& file) {
  verb.add_option("--cache", file, "stored replies of language models (default: .rare/replies.db)")
      ->type_name("FILE");
}

void add_progress(CLI::App& verb, std::string& style) {
  verb.add_option("--progress", style,
                  "auto: a block that is redrawn on a terminal, else plain lines (default: auto)")
      ->type_name("HOW")
      ->check(CLI::IsMember({"auto", "bar", "plain", "json", "none"}));
}

void add_plugin_path(CLI::App& verb, std::vector<std::string>& plugin_path) {
  repeatable(verb.add_option("--plugin-path", plugin_path,
                             "a folder of plugins, searched before RARE_PLUGIN_PATH and those "
                             "that are installed; repeatable")
                 ->type_name("FOLDER")
                 ->check(CLI::Validator(CLI::ExistingDirectory).description("")));
}

void add_color(CLI::App& verb, std::string& color) {
  verb.add_option("--color", color, "auto: on a terminal, unless NO_COLOR is set (default: auto)")
      ->type_name("WHEN")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

void add_metrics_port(CLI::App& verb, std::optional<int>& port) {
  verb.add_option(
          "--metrics-port", port,
          "metrics for Prometheus at http://127.0.0.1:PORT/metrics while it runs; 0: a free "
          "port, which is told")
      ->type_name("PORT")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
            const bool fits = !text.empty() && text.size() < 6 && digits && std::stoi(text) < 65536;
            return fits ? std::string() : "expected a port from 0 to 65535, got " + text;
          },
          ""));
}

void add_log_level(CLI::App& verb, std::string& log_level) {
  verb.add_option("--log-level", log_level,
                  "the least that is told (default: info), and by nodes and services: "
                  "info,questions=debug,teacher=warning")
      ->type_name("LEVEL[,NAME=LEVEL...]")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const Result<LogLevels> levels = log_levels(text);
            return levels ? std::string() : levels.status().message();
          },
          ""));
}

void add_log_format(CLI::App& verb, std::string& format) {
  verb.add_option("--log-format", format,
                  "json: an object a line, progress too unless --progress says otherwise "
                  "(default: text)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
}

void set_up_log(const RunOptions& options) {
  if (Result<LogLevels> levels = log_levels(options.log_level)) set_log_levels(std::move(*levels));
  set_log_format(options.log_format == "json" ? LogFormat::json : LogFormat::text);
}

void add_ui(CLI::App& verb, std::optional<std::string>& place) {
  verb.add_option("--ui", place,
                  "a page that shows the run while it goes on, at a port of 127.0.0.1 (default: a "
                  "free one) or of another ADDRESS; its address is told")
      ->type_name("[ADDRESS:]PORT")
      ->expected(0, 1)
      ->default_str("");
}

void add_profile(CLI::App& verb, bool& profile) {
  verb.add_flag("--profile", profile,
                "what each node costs and which records take longest, at the end; also as "
                "profile.txt and, for ui.perfetto.dev, trace.json beside the state");
}

void add_traces(CLI::App& verb, std::optional<std::string>& endpoint) {
  verb.add_option("--traces", endpoint,
                  "sends OpenTelemetry traces of records to a collector (OTLP over HTTP), such as "
                  "http://127.0.0.1:4318; the standard OTEL_ variables are read, too")
      ->type_name("URL");
}

int print_result(const std::string& text, int exit_code) {
  if (std::cout.good() && write_result(text)) return exit_code;
  std::cerr << "rare-engine: standard output cannot be written to\n";
  return 1;
}

int refused(const Status& status, const std::string& verb) {
  std::cerr << "rare-engine" << (verb.empty() ? "" : " ") << verb << ": " << status.message()
            << "\n";
  return exit_code_of(status);
}

}  // namespace rare::engine::cli
