// The JSON type of records, parameters and replies: nlohmann::json of the version that this SDK
// ships. The plugin gate compares that version and the flags that change its layout before it loads
// a plugin, so both sides always mean the same type.
//
// Thread-safety: of a value: one thread that writes, or any that read. Ownership: values.
#pragma once

#include <nlohmann/json.hpp>

namespace rare {
using Json = nlohmann::json;
}  // namespace rare
