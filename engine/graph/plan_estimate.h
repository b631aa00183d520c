// What a plan will need, as far as can be said before anything is opened.
#pragma once

#include <cstdint>

#include "engine/graph/plan.h"

namespace rare::engine {

// Records in flight beyond what all nodes hold at once, so that none waits for another's queue:
// four trains of 32 (engine/runtime).
inline constexpr std::int64_t kSpareCredits = 128;
// What a credit may hold: a record and its copies, with up to 64 children.
inline constexpr std::uint64_t kBytesPerCredit = 1u << 20;
// With `order: input`: finished rows that wait for their turn.
inline constexpr std::uint64_t kWaitingRowsBytes = 64u << 20;

struct PlanEstimate {
  // Records in flight: max_records_in_flight, or what the nodes' parallelism makes of it.
  std::int64_t credits = 0;
  // Nodes that are sized by their services at the start add theirs to `credits`.
  bool services_add = false;
  // Of records in flight and waiting rows, at most; what services hold (an index) is not in it.
  std::uint64_t memory_bytes = 0;
};

PlanEstimate estimate(const Plan& plan);

}  // namespace rare::engine
