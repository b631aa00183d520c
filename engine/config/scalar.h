// Types of plain scalars by YAML 1.2's core schema.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rare/json.h"

namespace rare::engine {

// null, a boolean, an integer, a number, or the text itself. An integer that fits neither 64 bits
// signed nor unsigned is a number.
Json core_schema_value(const std::string& text);

// "0x1f", "0o17", "-12": what the core schema takes for an integer.
bool is_core_integer(std::string_view text);

}  // namespace rare::engine
