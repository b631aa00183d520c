// A call of an operator for one record.
#pragma once

#include "engine/graph/plan.h"
#include "engine/runtime/at_work.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/long_work.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare::engine {

// `process()` at the boundary; the log and the watch know meanwhile which record of the node it is.
// `work` is of this thread. REQUIRES: the id stays where it is meanwhile.
template <class Process>
Status call_for_record(ThreadWork& work, const PlannedNode& node, const RecordId& id,
                       const Process& process) {
  work.begin(node, id);
  const Status status = at_boundary([&] {
    const RecordAtWork record(id);
    return process();
  });
  work.end();
  return status;
}

}  // namespace rare::engine
