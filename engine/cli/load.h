// From a command line to a checked plan: what run, validate and plan begin with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cli/run_options.h"
#include "engine/graph/plan.h"
#include "engine/plugin/loader.h"
#include "engine/plugin/registry.h"

namespace rare::engine::cli {

struct Loaded {
  std::unique_ptr<Registry> registry;  // the plan points into it
  Plan plan;
};

// What is installed, or only the plugins that bring verbs, and what was refused.
std::unique_ptr<Registry> load_registry(const std::vector<std::string>& plugin_path,
                                        Wanted wanted = Wanted::everything);

// The plan, or nothing when there were errors; all of them are then on standard error. Plugins that
// were refused are told as well: as the likely cause beside errors, as a warning without, and as an
// error when they bring a name that another plugin has, because either could be meant.
std::optional<Loaded> load(const RunOptions& options);

// A line to standard error for each refused plugin, "warning: ..." or "error: ...".
void report_refused(const Registry& registry, const std::string& color);

// 2 when what the registry has is not all that was asked for: a file in a folder of `plugin_path`
// was refused, or a name is in two plugins; else 0. For verbs that show what is installed.
int exit_code_of_refused(const Registry& registry, const std::vector<std::string>& plugin_path);

// A line to standard error for each file whose plugin a folder that is searched earlier has, too.
void report_replaced(const Registry& registry);

// A line to standard error that names the folders that were searched, when they hold no plugin.
void report_if_no_plugins(const Registry& registry, const std::vector<std::string>& plugin_path);

}  // namespace rare::engine::cli
