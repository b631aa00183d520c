// The engine's own keys and the shape of a pipeline file: what may stand at which level.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config_value.h"
#include "engine/config/diagnostics.h"

namespace rare::engine {

// Whether a file is a pipeline of its own or changes one (`nodes` may then be a map by name).
enum class FileRole { pipeline, overlay };

// Reports unknown keys and parts of the wrong kind, and takes them out of `file`, so that what is
// left can be merged and typed without the same errors again.
void check_shape(ConfigValue& file, FileRole role, Diagnostics& diagnostics);

// What a node of a pipeline may have beside its component's parameters.
const std::vector<std::string>& node_keys();

// "node 'questions': ", "service 'teacher': ", or "node: " when it has no name.
std::string entry_prefix(std::string_view what, const ConfigValue& entry);

// Names of nodes and services: they are part of paths, of `from` and of --set.
bool is_valid_name(std::string_view name);

}  // namespace rare::engine
