// Asks a run that goes on in another process. libcurl underneath.
// Thread-safety: functions; any thread.
#pragma once

#include <string>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

// The JSON that stands at `path` of what listens in `folder` under `name` (Listening::in_folder).
// Errors: not_found where nothing listens there (any more); else what the server says was wrong.
Result<Json> get_json_in_folder(const std::string& folder, const std::string& name,
                                const std::string& path);
// For the values behind `?` in a path.
std::string percent_encoded(const std::string& text);

}  // namespace rare::engine
