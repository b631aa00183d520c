// state.db opened beside the run that it is of, to be read: nothing is changed, nobody held up.
#pragma once

#include <memory>
#include <string>

#include "engine/state/sqlite.h"

namespace rare::engine {

// REQUIRES: the file is there. Errors as sqlite::Database::open().
Result<std::unique_ptr<sqlite::Database>> open_state_to_read(const std::string& file);

}  // namespace rare::engine
