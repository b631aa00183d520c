// What values take in memory, roughly: for bounds, not for accounts.
#pragma once

#include <cstddef>

#include "rare/json.h"

namespace rare::engine {

// Containers by their nodes, text by its length.
std::size_t estimated_bytes(const Json& value);

}  // namespace rare::engine
