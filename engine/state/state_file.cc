#include "engine/state/state_file.h"

#include <utility>

#include "engine/state/state_schema.h"

namespace rare::engine {

Result<std::unique_ptr<sqlite::Database>> open_state_to_read(const std::string& file) {
  sqlite::Options options;
  options.what = "run state";
  options.application_id = kStateApplicationId;
  options.version = kStateVersion;
  options.if_damaged = "Nothing was changed.";
  options.elsewhere = "--state-dir DIR";
  options.read_only = true;
  return sqlite::Database::open(file, std::move(options));
}

}  // namespace rare::engine
