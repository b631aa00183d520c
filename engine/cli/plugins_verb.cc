#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/load.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/config/name_list.h"
#include "engine/plugin/loader.h"

namespace rare::engine::cli {
namespace {

struct PluginsOptions {
  std::vector<std::string> plugin_path;
  bool json = false;
  std::string color = "auto";
};

std::string note_of(const LoadedPlugin& plugin) {
  const char* note = plugin.note != nullptr ? plugin.note() : nullptr;
  return note != nullptr ? note : "";
}

std::string plugins_text(const Registry& registry, const Style& style) {
  std::string text;
  for (const LoadedPlugin& plugin : registry.plugins()) {
    text += style.heading(plugin.name + " " + plugin.version) + "  " + plugin.file + "\n";
    text += wrapped(joined(plugin.components, "no components"), "  ");
    if (!plugin.verbs.empty()) text += wrapped("verbs: " + joined(plugin.verbs), "  ");
    if (const std::string note = note_of(plugin); !note.empty()) text += wrapped(note, "  ");
  }
  for (const RefusedPlugin& plugin : registry.refused()) {
    text += style.error("refused") + "  " + plugin.file + "\n  " + plugin.reason + "\n";
  }
  for (const ReplacedPlugin& plugin : registry.replaced()) {
    text += style.warning("replaced") + "  " + plugin.file + "\n  " + plugin.replaced_by +
            " has the plugin '" + plugin.name + "', too, in a folder that is searched earlier\n";
  }
  return text;
}

Json plugins_json(const Registry& registry, const std::vector<std::string>& search_path) {
  Json json{{"search_path", search_path},
            {"plugins", Json::array()},
            {"refused", Json::array()},
            {"replaced", Json::array()}};
  for (const LoadedPlugin& plugin : registry.plugins()) {
    json["plugins"].push_back(Json{{"name", plugin.name},
                                   {"version", plugin.version},
                                   {"file", plugin.file},
                                   {"components", plugin.components},
                                   {"verbs", plugin.verbs}});
    if (const std::string note = note_of(plugin); !note.empty()) {
      json["plugins"].back()["note"] = note;
    }
  }
  for (const RefusedPlugin& plugin : registry.refused()) {
    json["refused"].push_back(Json{{"file", plugin.file}, {"reason", plugin.reason}});
  }
  for (const ReplacedPlugin& plugin : registry.replaced()) {
    json["replaced"].push_back(
        Json{{"name", plugin.name}, {"file", plugin.file}, {"replaced_by", plugin.replaced_by}});
  }
  return json;
}

int show_plugins(const PluginsOptions& options) {
  const auto registry = load_registry(options.plugin_path);
  report_if_no_plugins(*registry, options.plugin_path);
  const int exit_code = exit_code_of_refused(*registry, options.plugin_path);
  if (!options.json) {
    return print_result(plugins_text(*registry, Style(options.color, STDOUT_FILENO)), exit_code);
  }
  const Json json = plugins_json(*registry, plugin_search_path(options.plugin_path));
  return print_result(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", exit_code);
}

}  // namespace

void add_plugins_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PluginsOptions>();
  CLI::App& verb = *app.add_subcommand(
      "plugins", "list plugin files with their components, or why they were refused");
  add_plugin_path(verb, options->plugin_path);
  verb.add_flag("--json", options->json, "as JSON");
  add_color(verb, options->color);
  verb.footer(
      "Example:\n  rare-engine plugins --plugin-path build/my_plugins\n"
      "It ends with 2 when one in a folder of --plugin-path is refused.\n");
  verb.callback([options, &exit_code] { exit_code = show_plugins(*options); });
}

}  // namespace rare::engine::cli
