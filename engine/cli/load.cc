#include "engine/cli/load.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <system_error>
#include <utility>

#include "engine/cli/terminal.h"
#include "engine/config/diagnostics.h"
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
  const bool usable = diagnostics.ok() && !has_name_clash(*registry);
  if (!usable || options.log_level != "error") report_refused(*registry, options.color);
  if (!usable || options.log_level == "info" || options.log_level == "debug") {
    report_replaced(*registry);
  }
  if (!usable) return std::nullopt;
  return Loaded{std::move(registry), std::move(plan)};
}

}  // namespace rare::engine::cli
