// Opens replies.db: for the store of a run, and for looks at it from outside.
// Thread-safety: a function over files; several processes may have the file open.
#pragma once

#include <memory>
#include <string>

#include "engine/state/sqlite.h"
#include "rare/status.h"

namespace rare::engine {

// Opens or makes the file, whose folder is there, and brings one of an earlier format to the
// present one.
Result<std::unique_ptr<sqlite::Database>> open_reply_file(const std::string& file,
                                                          int busy_timeout_ms);

}  // namespace rare::engine
