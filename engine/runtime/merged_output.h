// The output of a retry: the finished one, with the rows of retried families in the place of the
// old.
// Thread-safety: functions of one thread. Errors are the sink's and the spill's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/config/pipeline.h"
#include "engine/state/gather_spill.h"
#include "engine/state/run_state.h"
#include "rare/sink.h"
#include "rare/status.h"

namespace rare::engine {

// The order in which a retry writes them, whatever it was before.
std::vector<DeadFamily> in_run_order(std::vector<DeadFamily> families);

bool are_in_run_order(const std::vector<DeadFamily>& families);

struct MergedOutput {
  Offset end;
  // By the families' origin and ordinal: where their rows stand now.
  std::map<std::pair<std::uint32_t, std::uint64_t>, DeadFamily::Place> places;
};

// `families`: in the order in which their rows stand in the output that ends at `end`; `rows`:
// their new ones. With Order::input each family's rows stand where the old ones stood; with
// Order::any at the end. REQUIRES: `sink` was opened anew; every family has a place in the sink
// named `name`.
Result<MergedOutput> merge_output(Sink& sink, const std::string& name, Order order,
                                  const std::vector<DeadFamily>& families, SpilledRows& rows,
                                  const Offset& end);

}  // namespace rare::engine
