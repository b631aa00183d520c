// JSON as the tables of state.db hold it: without white space; bytes that are no UTF-8 become
// U+FFFD.
#pragma once

#include <string>

#include "rare/json.h"

namespace rare::engine {

inline std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rare::engine
