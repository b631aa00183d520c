#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/load.h"
#include "engine/cli/verbs.h"
#include "engine/graph/pipeline_schema.h"

namespace rare::engine::cli {
namespace {

struct SchemaOptions {
  std::vector<std::string> plugin_path;
  bool overlay = false;
  bool json = true;
};

int show_schema(const SchemaOptions& options) {
  const auto registry = load_registry(options.plugin_path);
  report_refused(*registry, "auto");
  report_if_no_plugins(*registry, options.plugin_path);
  const Json schema = pipeline_schema(*registry, options.overlay);
  return print_result(schema.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
                      exit_code_of_refused(*registry, options.plugin_path));
}

}  // namespace

void add_schema_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<SchemaOptions>();
  CLI::App& verb = *app.add_subcommand(
      "schema", "print the JSON Schema of pipeline files, for editors: all that is installed");
  verb.add_flag("--overlay", options->overlay, "of files for -f, which hold only what changes");
  verb.add_flag("--json", options->json, "it always is");
  add_plugin_path(verb, options->plugin_path);
  verb.footer(
      "Example:\n"
      "  rare-engine schema > pipeline.schema.json\n"
      "and as the first line of a pipeline file, for editors with yaml-language-server:\n"
      "  # yaml-language-server: $schema=pipeline.schema.json\n"
      "It ends with 2 when a plugin in a folder of --plugin-path is refused, and lacks it then.\n");
  verb.callback([options, &exit_code] { exit_code = show_schema(*options); });
}

}  // namespace rare::engine::cli
