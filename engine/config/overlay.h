// Overlays: pipeline files with only what changes, and --set options.
//
// Maps merge by key, nodes by `name`, `null` removes, a changed `use` replaces the whole `with`,
// lists are replaced.
#pragma once

#include <map>
#include <string>

#include "engine/config/config_value.h"
#include "engine/config/diagnostics.h"

namespace rare::engine {

// What a node reads when it has no `from`: the node above it in the file that brought it.
struct NodesAbove {
  std::map<std::string, std::string> above;  // by node name; "" for the first
  // Nodes that overlays took out, and where.
  std::map<std::string, Location> removed;
};

// Records the node above each node of `file` (before overlays). REQUIRES: check_shape(file).
void record_nodes_above(const ConfigValue& file, NodesAbove& nodes);

// Puts `overlay` over `base`. REQUIRES: both went through check_shape().
void apply_overlay(ConfigValue& base, ConfigValue overlay, NodesAbove& nodes);

// Applies "path=value". Errors (no '=', unknown path) are reported at the option, which is shown
// without its value.
void apply_setting(ConfigValue& base, const std::string& setting, NodesAbove& nodes,
                   Diagnostics& diagnostics);

}  // namespace rare::engine
