// What the graph's nodes pass on to each other: records that travel together.
//
// A message of the flow graph costs about a microsecond (a task, its queue, perhaps a thread to be
// woken), a record in it next to nothing. So records that a node's body has in hand together leave
// it together. A train never waits to fill: it leaves when the body that makes it has nothing more
// to add, and a body that takes long hands on what it has (OperatorNode). Behind a node that waits
// those leave together that went on one after the other (AsyncNode). Trains mean nothing to a
// record: families, order and errors are each record's own.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/runtime/family.h"
#include "rare/record.h"

namespace rare::engine {

// One record on its way. Owned by exactly one place at a time.
struct Envelope {
  Record record;
  Branch family;
};

using Train = std::vector<Envelope>;

// The most records of a train. More gain nothing: at 64 a record's share of the message is 15 ns.
inline constexpr std::size_t kTrainRecords = 64;

// Flow-graph messages must be copyable.
using Message = std::shared_ptr<Train>;

}  // namespace rare::engine
