#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/component_text.h"
#include "engine/cli/load.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/config/diagnostics.h"

namespace rare::engine::cli {
namespace {

struct OperatorsOptions {
  std::string name;
  std::vector<std::string> plugin_path;
  std::string format = "text";
  bool json = false;
  bool prompt = false;
  std::string color = "auto";
};

// The components of one plugin, or all of them when `plugin` is empty.
std::vector<const RegisteredComponent*> components_of(const Registry& registry,
                                                      const std::string& plugin) {
  std::vector<const RegisteredComponent*> components;
  for (const std::string& name : registry.names()) {
    const RegisteredComponent* component = registry.find(name);
    if (plugin.empty() || component->plugin == plugin) components.push_back(component);
  }
  return components;
}

int unknown_name(const Registry& registry, const std::string& name) {
  std::vector<std::string> names = registry.names();
  for (const LoadedPlugin& plugin : registry.plugins()) names.push_back(plugin.name);
  const std::string nearest = nearest_name(name, names);
  std::cerr << "rare-engine operators: no component or plugin is named '" << name << "'\n";
  if (!nearest.empty()) std::cerr << "  did you mean '" << nearest << "'?\n";
  std::cerr << "  'rare-engine operators' lists what is installed\n";
  return 2;
}

// For what is only there for a single component.
int no_component(const Registry& registry, const std::string& name) {
  const auto components = components_of(registry, name);
  if (components.empty()) return unknown_name(registry, name);
  std::cerr << "rare-engine operators: --prompt needs the name of one component"
            << (name.empty() ? "" : ", and '" + name + "' is a plugin") << "\n"
            << "  'rare-engine operators" << (name.empty() ? "" : " " + name)
            << "' lists what there is\n";
  return 2;
}

std::string listed(const std::vector<const RegisteredComponent*>& components,
                   const OperatorsOptions& options, const Style& style) {
  if (options.format == "markdown") return components_markdown(components);
  if (options.format == "text") return components_table(components, style);
  Json list = Json::array();
  for (const RegisteredComponent* component : components) {
    list.push_back(component_json(*component));
  }
  return list.dump(2) + "\n";
}

int show_prompts(const RegisteredComponent& component, const OperatorsOptions& options,
                 const Style& style) {
  const Spec& spec = component.component.spec;
  const std::string texts = built_in_texts(spec, style);
  if (texts.empty()) {
    std::cerr << "rare-engine operators: " << spec.name() << " has no built-in prompt\n"
              << "  'rare-engine operators " << spec.name() << "' shows its parameters\n";
    return 2;
  }
  if (options.format == "json") return print_result(built_in_texts_json(spec).dump(2) + "\n");
  return print_result(texts);
}

int show_operators(OperatorsOptions options) {
  if (options.json) options.format = "json";
  const Style style(options.color, STDOUT_FILENO);
  const auto registry = load_registry(options.plugin_path);
  report_refused(*registry, options.color);
  report_if_no_plugins(*registry, options.plugin_path);
  const int exit_code = exit_code_of_refused(*registry, options.plugin_path);
  if (const RegisteredComponent* component = registry->find(options.name)) {
    if (options.prompt) return show_prompts(*component, options, style);
    if (options.format == "text") return print_result(component_page(*component, style), exit_code);
    if (options.format == "json")
      return print_result(component_json(*component).dump(2) + "\n", exit_code);
    return print_result(components_markdown({component}), exit_code);
  }
  if (options.prompt) return no_component(*registry, options.name);
  const auto components = components_of(*registry, options.name);
  if (components.empty() && !options.name.empty()) return unknown_name(*registry, options.name);
  return print_result(listed(components, options, style), exit_code);
}

}  // namespace

void add_operators_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<OperatorsOptions>();
  CLI::App& verb = *app.add_subcommand(
      "operators", "list operators, sources, sinks and services, or explain one");
  verb.add_option("NAME", options->name, "a component, or a plugin for all of its components");
  add_plugin_path(verb, options->plugin_path);
  CLI::Option* json = verb.add_flag("--json", options->json, "the same as --format json");
  verb.add_option("--format", options->format, "text, json or markdown (default: text)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json", "markdown"}))
      ->excludes(json);
  verb.add_flag("--prompt", options->prompt, "the prompts that are built into one component");
  add_color(verb, options->color);
  verb.footer(
      "Examples:\n  rare-engine operators\n  rare-engine operators NAME\n"
      "  rare-engine operators NAME --prompt\n");
  verb.callback([options, &exit_code] { exit_code = show_operators(*options); });
}

}  // namespace rare::engine::cli
