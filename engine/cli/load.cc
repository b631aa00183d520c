#include "engine/cli/load.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <system_error>
#include <utility>

#include "engine/cli/terminal.h"
#include "engine/config/diagnostics.h"
#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/crash_report.h"

namespace rare::engine::cli {
namespace {

bool has_name_clash(const Registry& registry) {
  for (const RefusedPlugin& plugin : registry.refused()) {
    if (plugin.code == StatusCode::already_exists) return true;
  }
  return false;
}

// Whether the file, or the folder itself, is of one of the folders.
bool is_of(const std::string& file, const std::vector<std::string>& folders) {
  const std::filesystem::path path(file);
  for (const std::string& folder : folders) {
    std::error_code error;
    if (std::filesystem::equivalent(path.parent_path(), folder, error)) return true;
    if (std::filesystem::equivalent(path, folder, error)) return true;
  }
  return false;
}

// Tells the log of the pipeline. False, and said: --log-level names what the pipeline does not
// have.
bool log_names_fit(const RunOptions& options, const Plan& plan) {
  std::vector<std::string> names;
  std::set<std::string> services;
  for (const PlannedNode& node : plan.nodes) names.push_back(node.name);
  for (const PlannedService& service : plan.services) {
    names.push_back(service.name);
    services.insert(service.name);
  }
  set_log_pipeline(plan.config.name, std::move(services));
  bool fit = true;
  const Result<LogLevels> levels = log_levels(options.log_level);  // was checked with the options
  for (const auto& [name, level] : levels->of_names) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    fit = false;
    const std::string nearest = nearest_name(name, names);
    std::string message = "--log-level: '" + name + "' is no node or service of the pipeline";
    if (!nearest.empty()) message += "; did you mean '" + nearest + "'?";
    message += " It has:";
    for (const std::string& known : names) message += " " + known;
    log_line(LogLevel::error, {}, message);
  }
  return fit;
}

}  // namespace

std::unique_ptr<Registry> load_registry(const std::vector<std::string>& plugin_path,
                                        Wanted wanted) {
  const ResultsApart apart;
  const ComponentsAtWork at_work;
  auto registry = std::make_unique<Registry>();
  load_plugins(plugin_search_path(plugin_path), *registry, wanted);
  return registry;
}

void report_refused(const Registry& registry, const std::string& color) {
  const Style style(color, STDERR_FILENO);
  for (const RefusedPlugin& plugin : registry.refused()) {
    const bool clash = plugin.code == StatusCode::already_exists;
    std::cerr << (clash ? style.error("error:") : style.warning("warning:")) << " plugin "
              << plugin.file << " was refused: " << plugin.reason << "\n";
  }
}

int exit_code_of_refused(const Registry& registry, const std::vector<std::string>& plugin_path) {
  if (has_name_clash(registry)) return 2;
  for (const RefusedPlugin& plugin : registry.refused()) {
    if (is_of(plugin.file, plugin_path)) return 2;
  }
  return 0;
}

void report_replaced(const Registry& registry) {
  for (const ReplacedPlugin& plugin : registry.replaced()) {
    std::cerr << "plugin " << plugin.name << " is " << plugin.replaced_by << ", which takes the "
              << "place of " << plugin.file << "\n";
  }
}

void report_if_no_plugins(const Registry& registry, const std::vector<std::string>& plugin_path) {
  if (!registry.plugins().empty() || !registry.refused().empty()) return;
  std::cerr << "no plugin is installed; searched:";
  const std::vector<std::string> folders = plugin_search_path(plugin_path);
  for (const std::string& folder : folders) std::cerr << " " << folder;
  if (folders.empty()) std::cerr << " no folder (none exists)";
  std::cerr << "; name a folder with --plugin-path or RARE_PLUGIN_PATH\n";
}

std::optional<Loaded> load(const RunOptions& options) {
  Diagnostics diagnostics;
  PipelineConfig config = load_pipeline(options.load, diagnostics);
  std::unique_ptr<Registry> registry = load_registry(options.plugin_path);
  Plan plan = make_plan(std::move(config), *registry, diagnostics);
  if (!diagnostics.ok()) {
    const Style style(options.color, STDERR_FILENO);
    std::cerr << style.diagnostics(diagnostics.to_string());
    report_if_no_plugins(*registry, options.plugin_path);
  }
  const LogLevel least = log_levels(options.log_level)->least;
  const bool usable = diagnostics.ok() && !has_name_clash(*registry);
  if (!usable || least != LogLevel::error) report_refused(*registry, options.color);
  if (!usable || least <= LogLevel::info) {
    report_replaced(*registry);
  }
  if (!usable || !log_names_fit(options, plan)) return std::nullopt;
  return Loaded{std::move(registry), std::move(plan)};
}

}  // namespace rare::engine::cli
