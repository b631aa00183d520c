// The children of one record beyond what its family's credit carries: on disk, in parts, until each
// has a turn.
//
// A part is a family of its own (Family::part_of). The first one leaves as the record does and
// carries its family's credit; when it has ended, the next part goes on with that. So there is
// always a part under way, however few credits there are. Further parts have credits of their own,
// as they come free. What a part was is absorbed by the record's family, which ends when the last
// part has ended.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/runtime/buffered_output.h"
#include "engine/runtime/family.h"
#include "rare/record.h"

namespace rare::engine {

// Thread-safety: `mutex` guards what stands below it; the family pointer itself changes only once
// no part is under way.
struct HeldChildren {
  HeldChildren(const PlannedNode& emitter, RecordId parent, Branch whole,
               std::vector<HeldPart> held_parts)
      : node(emitter),
        record(std::move(parent)),
        family(std::move(whole)),
        parts(std::move(held_parts)) {}

  // REQUIRES for both: holds `mutex`.
  bool has_more() const { return next < parts.size(); }
  // The next part, which is under way from now on.
  std::optional<HeldPart> begin_next() {
    if (!has_more()) return std::nullopt;
    ++under_way;
    return parts[next++];
  }

  const PlannedNode& node;  // that made them
  const RecordId record;    // that they were made from
  std::mutex mutex;
  Branch family;  // of that record
  std::vector<HeldPart> parts;
  std::size_t next = 0;       // the parts before it have begun
  std::size_t under_way = 1;  // parts that have begun and not ended
};

}  // namespace rare::engine
