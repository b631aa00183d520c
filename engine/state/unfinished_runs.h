// Which runs near a reply store are not done: what they stored is what they go on from.
// Thread-safety: a function over files.
#pragma once

#include <map>
#include <string>

#include "rare/status.h"

namespace rare::engine {

// By run id: the folder of each state.db below `folder` (three levels down, links not followed)
// whose run is not done. An error when one of them cannot be read. Nothing is changed.
Result<std::map<std::string, std::string>> unfinished_runs(const std::string& folder);

}  // namespace rare::engine
