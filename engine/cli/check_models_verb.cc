#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/cli/check_models_text.h"
#include "engine/cli/load.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {
namespace {

struct CheckModelsOptions {
  RunOptions run;
  double timeout_s = 60;
  bool json = false;
};

std::string is_timeout(const std::string& text) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  const bool fits = error == std::errc() && stop == end && seconds >= 0.001 && seconds <= 86400;
  return fits ? "" : "expected seconds from 0.001 to 86400, got " + text;
}

int check_the_models(const CheckModelsOptions& options) {
  set_up_log(options.run);
  set_log_color(Style(options.run.color, STDERR_FILENO).enabled());
  const ResultsApart apart;
  const std::optional<Loaded> loaded = load(options.run);
  if (!loaded) return kExitConfiguration;
  const auto timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_s * 1000));
  const ModelCheck found = check_models(loaded->plan, timeout);
  const int printed = print_result(
      options.json
          ? check_models_json(found).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
          : check_models_text(options.run.load.file, found,
                              Style(options.run.color, result_descriptor())));
  return printed != 0 ? printed : found.exit_code;
}

}  // namespace

void add_check_models_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<CheckModelsOptions>();
  CLI::App& verb = *app.add_subcommand("check-models",
                                       "ask each language model a few tokens, and say what works");
  add_pipeline_options(verb, options->run);
  verb.add_option("--timeout-s", options->timeout_s, "longest wait for one answer (default: 60)")
      ->type_name("SECONDS")
      ->check(CLI::Validator(is_timeout, ""));
  verb.add_flag("--json", options->json, "as JSON");
  add_plugin_path(verb, options->run.plugin_path);
  add_log_level(verb, options->run.log_level);
  add_color(verb, options->run.color);
  verb.footer(
      "Asks each endpoint twice: for a word, and for a small JSON object. Nothing is stored.\n"
      "Exit code: 0 all work, 1 something is to be mended (key, model, URL), 4 trying again later\n"
      "may help (nobody there, too many calls), 2 the pipeline is wrong.\n"
      "Example:\n"
      "  rare-engine check-models pipelines/rare.yaml -f pipelines/openai.yaml\n");
  verb.callback([options, &exit_code] { exit_code = check_the_models(*options); });
}

}  // namespace rare::engine::cli
