#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "engine/cli/run.h"
#include "engine/cli/shard_option.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/observe/log.h"

namespace rare::engine::cli {

void add_run_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& verb = *app.add_subcommand("run", "run a pipeline, or go on with it");
  add_pipeline_options(verb, *options);
  add_state_dir(verb, options->state_dir);
  add_reply_file(verb, options->cache_file);
  verb.add_flag("--fresh", options->fresh, "begin anew; stored replies are used all the same");
  CLI::Option* const limit =
      verb.add_option("--limit", options->limit, "only the first N records of each source")
          ->type_name("N")
          ->check(CLI::Validator(
              [](const std::string& text) {
                const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
                const bool fits =
                    text.size() < 19 && text.find_first_not_of('0') != std::string::npos;
                return digits && fits ? std::string()
                                      : "expected a whole number from 1, got " + text;
              },
              ""));
  CLI::Option* const shard =
      add_shard(verb, *options,
                "shard I of N, from 0; auto: I from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX, N "
                "as planned in --out, or auto/N");
  CLI::Option* const out = add_out(verb, *options);
  shard->needs(out);
  out->needs(shard);
  shard->excludes(limit);
  add_plugin_path(verb, options->plugin_path);
  add_progress(verb, options->progress);
  add_metrics_port(verb, options->metrics_port);
  add_ui(verb, options->ui);
  add_profile(verb, options->profile);
  add_traces(verb, options->traces);
  add_log_level(verb, options->log_level);
  add_log_format(verb, options->log_format);
  add_color(verb, options->color);
  verb.footer(
      "Examples:\n"
      "  rare-engine run pipelines/rare.yaml --limit 10\n"
      "  rare-engine pipelines/rare.yaml -f pipelines/openai.yaml "
      "--set nodes.questions.parallelism=8\n"
      "  rare-engine run pipelines/rare.yaml --shard 17/256 --out /shared/out\n"
      "  rare-engine run pipelines/rare.yaml --log-format json --log-level "
      "warning,questions=debug\n");
  verb.callback([options, &exit_code] {
    set_log_color(Style(options->color, STDERR_FILENO).enabled());
    exit_code = run_command(*options);
  });
}

}  // namespace rare::engine::cli
