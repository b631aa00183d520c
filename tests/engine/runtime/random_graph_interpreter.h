// What a plan does, said by a plain walk over it: one record after another, one thread, no queue.
// Shares no code with the runtime or with the components: it has its own idea of both.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/state/ledger.h"
#include "rare/json.h"

namespace rare::engine::test {

// What came of one family in one sink: {"id", "fields"}, in the family's order.
using FamilyRows = std::vector<Json>;

// Where a family begins. Sorts as sinks write them with `order: input`.
struct FamilyKey {
  int level = 0;  // 0: a source; else that of the whole-set node that gave it out
  std::uint64_t ordinal = 0;
  std::size_t place = 0;  // of the source among sources, of the whole-set node after all of them
  auto operator<=>(const FamilyKey&) const = default;
};

struct Walked {
  std::map<std::string, std::map<FamilyKey, FamilyRows>> rows;  // by the sink's `name` parameter
  std::vector<Json> dead_letters;  // {"id", "node", "reason", "attempts", "raw", "record"}
  Tally tally;
  std::uint64_t families = 0;  // that began: records read, and what whole-set nodes gave out
};

Walked walk(const Plan& plan);

}  // namespace rare::engine::test
