// Where families begin: a source, or a whole-set node that gives out what it took in.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include "engine/runtime/family.h"

namespace rare::engine {

class Origin {
 public:
  virtual ~Origin() = default;
  // What it gives out, one message a family, before there is a credit for it.
  virtual oneapi::tbb::flow::input_node<Message>& output() = 0;
  // Its messages go on from here, with their credit.
  virtual void stamp(Message message) = 0;
  // Whether it gave out all it has (or all that is asked for).
  virtual bool exhausted() const = 0;
};

}  // namespace rare::engine
