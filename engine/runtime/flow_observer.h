// Sees what every node does to every record, as it happens. For previews; a run has none.
//
// Thread-safety: called from any thread, several at a time; what is handed over lives until the
// call returns. The call holds up the record's way.
#pragma once

#include "engine/graph/plan.h"
#include "engine/runtime/buffered_output.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare::engine {

class FlowObserver {
 public:
  virtual ~FlowObserver() = default;
  // `came` is the record as it came in. The node emitted, or (nothing emitted) filtered it.
  virtual void released(const PlannedNode& node, const Record& came,
                        const BufferedOutput& output) = 0;
  // A whole-set node took it in; what it gives out comes with released(), `came` being that itself.
  virtual void gathered(const PlannedNode& node, const Record& came) = 0;
  virtual void failed(const PlannedNode& node, const Record& came, const Status& status) = 0;
  virtual void written(const PlannedNode& sink, const Record& came) = 0;
};

}  // namespace rare::engine
