// The rows of a family in the order of their ids, from memory and from its runs on disk, with as
// few runs in memory as overlap. The parts of a record's children (held_children.h) do not overlap
// but where children have many children themselves: a run or two at a time.
//
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/runtime/family.h"
#include "engine/runtime/row.h"

namespace rare::engine {

class RowsInOrder {
 public:
  // Takes the family's rows out of it.
  RowsInOrder(Family& family, SegmentStore& store);

  // The next rows, none at the end. Errors are the store's.
  Result<std::vector<Row>> next();

 private:
  struct OpenRun {
    std::vector<Row> rows;
    std::size_t at = 0;
    const Row& front() const { return rows[at]; }
  };
  // Every run that may hold the next row is open.
  Status open_runs();
  void take_next(std::vector<Row>& rows);

  SegmentStore& store_;
  std::vector<RowRun> closed_;  // the first at the back
  std::vector<OpenRun> open_;
};

}  // namespace rare::engine
