#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "engine/cli/load.h"
#include "engine/cli/verbs.h"
#include "engine/graph/plan_text.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {
namespace {

struct PlanOptions {
  RunOptions run;
  std::string format = "text";
};

int show_plan(const PlanOptions& options) {
  const std::optional<Loaded> loaded = load(options.run);
  if (!loaded) return kExitConfiguration;
  if (options.format == "json") return print_result(plan_to_json(loaded->plan).dump(2) + "\n");
  if (options.format == "dot") return print_result(plan_to_dot(loaded->plan));
  if (options.format == "mermaid") return print_result(plan_to_mermaid(loaded->plan));
  return print_result(plan_to_text(loaded->plan));
}

}  // namespace

void add_plan_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PlanOptions>();
  CLI::App& verb = *app.add_subcommand(
      "plan",
      "show nodes, edges, ports, parallelism, services, fields in and out, credits and memory");
  add_pipeline_options(verb, options->run);
  add_plugin_path(verb, options->run.plugin_path);
  verb.add_option("--format", options->format, "text, json, dot or mermaid (default: text)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json", "dot", "mermaid"}));
  add_log_level(verb, options->run.log_level);
  add_color(verb, options->run.color);
  verb.footer(
      "Examples:\n"
      "  rare-engine plan pipelines/rare.yaml\n"
      "  rare-engine plan pipelines/rare.yaml --format dot | dot -Tsvg > plan.svg\n");
  verb.callback([options, &exit_code] { exit_code = show_plan(*options); });
}

}  // namespace rare::engine::cli
