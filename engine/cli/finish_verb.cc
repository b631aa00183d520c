#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/observe/log.h"
#include "engine/runtime/shard_finish.h"

namespace rare::engine::cli {

void add_finish_verb(CLI::App& app, int& exit_code) {
  struct Options {
    std::string folder, color = "auto";
  };
  const auto options = std::make_shared<Options>();
  CLI::App& verb = *app.add_subcommand(
      "finish", "close a run in shards: one output, one account, and _SUCCESS at the end");
  verb.add_option("FOLDER", options->folder, "--out of the shards")->required();
  add_color(verb, options->color);
  verb.footer(
      "Says which shards are missing, if any are, and changes nothing then (exit code 4).\n"
      "Example:\n"
      "  rare-engine finish /shared/out\n");
  verb.callback([options, &exit_code] {
    set_log_color(Style(options->color, STDERR_FILENO).enabled());
    exit_code = finish_shards(options->folder);
  });
}

}  // namespace rare::engine::cli
