// Sorting more rows than memory holds: sorted runs in files, merged while they are read.
#pragma once

#include <memory>
#include <string>

#include "engine/state/gather_spill.h"

namespace rare::engine {

// The rows of `reader` in the order of the run, with at most `sort_bytes` of frames in memory at a
// time. Runs are made as FILE.run-N and removed with what is returned.
Result<std::unique_ptr<SpilledRows>> merge_sorted(SpilledRowReader& reader, const std::string& file,
                                                  std::size_t sort_bytes);

}  // namespace rare::engine
