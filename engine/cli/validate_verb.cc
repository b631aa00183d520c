#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "engine/cli/load.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/observe/log.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {
namespace {

int validate(const RunOptions& options) {
  set_up_log(options);
  set_log_color(Style(options.color, STDERR_FILENO).enabled());
  const std::optional<Loaded> loaded = load(options);
  if (!loaded) return kExitConfiguration;
  if (Status status = check_components(loaded->plan); !status.ok()) {
    const Style style(options.color, STDERR_FILENO);
    std::cerr << style.error("error:") << " " << status.message() << "\n";
    return kExitConfiguration;
  }
  return print_result(options.load.file + ": OK, " + std::to_string(loaded->plan.nodes.size()) +
                      " nodes and " + std::to_string(loaded->plan.services.size()) + " services\n");
}

}  // namespace

void add_validate_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& verb =
      *app.add_subcommand("validate", "check all that `run` checks before its first record");
  add_pipeline_options(verb, *options);
  add_plugin_path(verb, options->plugin_path);
  add_log_level(verb, options->log_level);
  add_color(verb, options->color);
  verb.footer("Example:\n  rare-engine validate pipelines/rare.yaml -f pipelines/openai.yaml\n");
  verb.callback([options, &exit_code] { exit_code = validate(*options); });
}

}  // namespace rare::engine::cli
