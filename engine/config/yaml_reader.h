// YAML text to ConfigValue: syntax, duplicate keys, tags and aliases; no meaning yet.
#pragma once

#include <optional>
#include <string>

#include "engine/config/config_value.h"
#include "engine/config/diagnostics.h"

namespace rare::engine {

// Reads the one document of `text`. `file` is how it is named in locations; `folder` is what
// relative input paths in it are resolved against. Nothing is returned when the syntax is broken;
// what is merely wrong (a duplicate key) is reported and read on. Adds `text` to the diagnostics'
// sources.
std::optional<ConfigValue> read_yaml(const std::string& text, const std::string& file,
                                     const std::string& folder, Diagnostics& diagnostics);

// The value of a --set option: a YAML value, or the text itself where it is none ("*.jsonl").
// `option` is how it is named in locations.
std::optional<ConfigValue> read_setting_value(const std::string& text, const std::string& option,
                                              Diagnostics& diagnostics);

}  // namespace rare::engine
