// Verbs that plugins bring (rare/tool.h), on the command line.
#pragma once

#include <string>
#include <vector>

#include "engine/plugin/registry.h"

namespace CLI {
class App;
}

namespace rare::engine::cli {

// Adds the verbs of the registry's plugins that the command line does not have; which it has
// already is told on standard error. Options of their own come from the tools' specs. REQUIRES: the
// registry outlives `app`.
void add_tool_verbs(CLI::App& app, const Registry& registry, int& exit_code);

// What `--plugin-path` says in a command line that is not read yet.
std::vector<std::string> plugin_path_in(const std::vector<std::string>& words);

}  // namespace rare::engine::cli
