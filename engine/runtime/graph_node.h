// One node of the pipeline inside the flow graph. Each adapter owns its oneTBB nodes and shows the
// graph one receiver; what goes on from it goes through Flow.
#pragma once

#include "engine/runtime/flow.h"

namespace rare::engine {

class GraphNode {
 public:
  virtual ~GraphNode() = default;
  virtual Flow::Receiver& input() = 0;
};

}  // namespace rare::engine
