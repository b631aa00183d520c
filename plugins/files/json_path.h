// Where in a JSON document an array stands: $.data.items, or $["data"]["items"].
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rare/status.h"

namespace rare::files {

// The names of the objects' members on the way, outermost first; none for "$" and "". Anything else
// than names (indexes, wildcards) is an error that says where.
Result<std::vector<std::string>> parse_json_path(std::string_view path);

}  // namespace rare::files
