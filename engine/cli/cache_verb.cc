#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/cli/cache.h"
#include "engine/cli/verbs.h"

namespace rare::engine::cli {
namespace {

std::string is_days(const std::string& text) {
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  return digits && !text.empty() && text.size() < 6 ? "" : "expected a number of days, got " + text;
}

CLI::App& add_verb(CLI::App& cache, const char* name, const char* about, CacheOptions& options) {
  CLI::App& verb = *cache.add_subcommand(name, about);
  verb.add_option("--cache", options.file, "the file of replies (default: .rare/replies.db)")
      ->type_name("FILE");
  return verb;
}

void add_filter(CLI::App& verb, const char* option, std::optional<std::string>& value,
                const char* about, const char* type) {
  verb.add_option(option, value, about)->type_name(type);
}

void add_stats(CLI::App& cache, const std::shared_ptr<CacheOptions>& options, int& exit_code) {
  CLI::App& verb =
      add_verb(cache, "stats", "how many replies there are, whose, how large", *options);
  verb.add_flag("--json", options->json, "as JSON");
  verb.footer(
      "Examples:\n"
      "  rare-engine cache stats\n"
      "  rare-engine cache stats --cache /data/replies.db --json\n");
  verb.callback([options, &exit_code] { exit_code = show_cache_stats(*options); });
}

void add_prune(CLI::App& cache, const std::shared_ptr<CacheOptions>& options, int& exit_code) {
  CLI::App& verb = add_verb(
      cache, "prune", "removes replies that meet all conditions given, or damaged ones", *options);
  CLI::Option* older =
      verb.add_option("--older-than", options->older_than_days, "stored more than DAYS ago")
          ->type_name("DAYS")
          ->check(CLI::Validator(is_days, ""));
  add_filter(verb, "--run", options->filter.run_id, "stored by this run (see stats)", "RUN_ID");
  add_filter(verb, "--model", options->filter.model, "of this model", "MODEL");
  verb.add_flag("--damaged", options->damaged,
                "what cannot be read any more, of the whole file; by itself")
      ->excludes(older)
      ->excludes(verb.get_option("--run"))
      ->excludes(verb.get_option("--model"));
  verb.add_flag("--force", options->force, "also what runs that are not done go on from");
  verb.footer(
      "Asks nothing. What is removed is paid again when a pipeline asks for it.\n"
      "Examples:\n"
      "  rare-engine cache prune --older-than 90\n"
      "  rare-engine cache prune --damaged\n");
  verb.callback([options, &exit_code] { exit_code = prune_cache(*options); });
}

void add_export(CLI::App& cache, const std::shared_ptr<CacheOptions>& options, int& exit_code) {
  CLI::App& verb =
      add_verb(cache, "export",
               "writes replies with their requests to standard output, a JSON line each", *options);
  add_filter(verb, "--model", options->filter.model, "only of this model", "MODEL");
  add_filter(verb, "--node", options->filter.node, "only those that this node asked for", "NODE");
  add_filter(verb, "--run", options->filter.run_id, "only those stored by this run", "RUN_ID");
  add_filter(verb, "--key", options->filter.key, "only the one under this key", "KEY");
  verb.footer(
      "Examples:\n"
      "  rare-engine cache export > replies.jsonl\n"
      "  rare-engine cache export --node questions | jq -r .body\n");
  verb.callback([options, &exit_code] { exit_code = export_cache(*options); });
}

}  // namespace

void add_cache_verb(CLI::App& app, int& exit_code) {
  CLI::App& cache =
      *app.add_subcommand("cache", "the stored replies of language models: stats, prune, export");
  const auto options = std::make_shared<CacheOptions>();
  add_stats(cache, options, exit_code);
  add_prune(cache, options, exit_code);
  add_export(cache, options, exit_code);
  cache.require_subcommand(1);
  cache.footer(
      "Examples:\n"
      "  rare-engine cache stats\n"
      "  rare-engine cache prune --help         what can be removed\n");
}

}  // namespace rare::engine::cli
