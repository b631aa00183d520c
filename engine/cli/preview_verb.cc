#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "engine/cli/load.h"
#include "engine/cli/preview_text.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {
namespace {

struct PreviewOptions {
  RunOptions run;
  std::uint64_t records = 3;
  bool json = false;
};

int preview(const PreviewOptions& options) {
  set_up_log(options.run);
  set_log_color(Style(options.run.color, STDERR_FILENO).enabled());
  const ResultsApart apart;
  const std::optional<Loaded> loaded = load(options.run);
  if (!loaded) return kExitConfiguration;
  PreviewSettings settings;
  settings.reply_file =
      options.run.cache_file.empty() ? ".rare/replies.db" : options.run.cache_file;
  settings.records = options.records;
  const Preview seen = preview_pipeline(loaded->plan, settings);
  if (!seen.fault.empty()) log_line(LogLevel::error, {}, seen.fault);
  const bool opened = seen.fault.empty() || !seen.steps.empty();
  if (!opened && !options.json) return seen.exit_code;
  const int printed = print_result(
      options.json
          ? preview_json(loaded->plan, seen).dump(2, ' ', false, Json::error_handler_t::replace) +
                "\n"
          : preview_text(loaded->plan, seen, Style(options.run.color, result_descriptor())));
  const int exit_code = printed != 0 ? printed : seen.exit_code;
  if (seen.left_behind) {
    std::fflush(stdout);
    _exit(exit_code);
  }
  return exit_code;
}

}  // namespace

void add_preview_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PreviewOptions>();
  CLI::App& verb = *app.add_subcommand(
      "preview", "run a few records, show what each node does to them, and write nothing");
  add_pipeline_options(verb, options->run);
  verb.add_option("-n", options->records, "the first N records of each source (default: 3)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""));
  verb.add_flag("--json", options->json, "as JSON, with whole values");
  verb.add_option("--cache", options->run.cache_file,
                  "stored replies of language models (default: .rare/replies.db)")
      ->type_name("FILE");
  add_plugin_path(verb, options->run.plugin_path);
  add_log_level(verb, options->run.log_level);
  add_color(verb, options->run.color);
  verb.footer(
      "Examples:\n"
      "  rare-engine preview pipelines/rare.yaml -n 2\n"
      "  rare-engine preview pipelines/rare.yaml -n 50     and what the whole input would take\n");
  verb.callback([options, &exit_code] { exit_code = preview(*options); });
}

}  // namespace rare::engine::cli
