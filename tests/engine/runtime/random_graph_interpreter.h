// What a plan does, said by a plain walk over it: one record after another, one thread, no queue.
// Shares no code with the runtime or with the components: it has its own idea of both.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/state/ledger.h"
#include "rare/json.h"

namespace rare::engine::test {

// What came of one source record, in one sink: {"id", "fields"}, in the order of a family.
using FamilyRows = std::vector<Json>;
// A source record: its ordinal, and its source's place in the file. Sorts as the input is read.
using FamilyKey = std::pair<std::uint64_t, std::size_t>;

struct Walked {
  std::map<std::string, std::map<FamilyKey, FamilyRows>> rows;  // by the sink's `name` parameter
  std::vector<Json> dead_letters;  // {"id", "node", "reason", "attempts", "raw", "record"}
  Tally tally;
  std::uint64_t records = 0;  // that sources gave out
};

Walked walk(const Plan& plan);

}  // namespace rare::engine::test
