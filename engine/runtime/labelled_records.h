// Finds records of a run by what people call them.
// Thread-safety: a function of one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

struct LabelledRecords {
  std::vector<std::string> ids;  // the first kMostIds, in the order of the input
  std::uint64_t count = 0;
};
inline constexpr std::size_t kMostIds = 10;

// The records whose source calls them `label` (RecordId::label). Reads all sources from beginning
// to end. `inputs`: what the run read, by source. Errors are the sources'.
Result<LabelledRecords> find_labelled(const Plan& plan, const std::string& label,
                                      const std::map<std::string, Json>& inputs);

}  // namespace rare::engine
