#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "engine/cli/run.h"
#include "engine/cli/shard_option.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/observe/log.h"

namespace rare::engine::cli {

void add_retry_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& verb = *app.add_subcommand(
      "retry", "ask anew for the dead letters of a finished run, and merge what comes of them");
  add_pipeline_options(verb, *options);
  add_state_dir(verb, options->state_dir);
  add_reply_file(verb, options->cache_file);
  add_shard(verb, *options, "only shard I of N, from 0; auto: as of `run`")
      ->needs(add_out(verb, *options));
  add_plugin_path(verb, options->plugin_path);
  add_progress(verb, options->progress);
  add_metrics_port(verb, options->metrics_port);
  add_profile(verb, options->profile);
  add_traces(verb, options->traces);
  add_log_level(verb, options->log_level);
  add_log_format(verb, options->log_format);
  add_color(verb, options->color);
  verb.footer(
      "Only records with dead letters run again, and only where they died is a model asked anew.\n"
      "Until all is asked the finished output stays as it is.\n"
      "Examples:\n"
      "  rare-engine retry pipelines/rare.yaml\n"
      "  rare-engine retry pipelines/rare.yaml -f pipelines/openai.yaml\n"
      "  rare-engine retry pipelines/rare.yaml --out /shared/out\n");
  verb.callback([options, &exit_code] {
    set_log_color(Style(options->color, STDERR_FILENO).enabled());
    exit_code = retry_command(*options);
  });
}

}  // namespace rare::engine::cli
