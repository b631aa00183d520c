#include "engine/graph/plan_estimate.h"

namespace rare::engine {

PlanEstimate estimate(const Plan& plan) {
  PlanEstimate result;
  result.credits = plan.credits;
  if (plan.credits == 0) {
    result.credits = kSpareCredits;
    for (const PlannedNode& node : plan.nodes) {
      result.credits += node.parallelism;
      result.services_add |= node.parallelism == 0;
    }
  }
  result.memory_bytes = static_cast<std::uint64_t>(result.credits) * kBytesPerCredit;
  if (plan.config.order == Order::input) result.memory_bytes += kWaitingRowsBytes;
  return result;
}

}  // namespace rare::engine
