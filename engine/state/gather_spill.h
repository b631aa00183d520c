// What a whole-set operator takes in, on disk until all of it has come. An append-only file that is
// committed like a sink's output, and read back in the order of the run.
//
// Errors are run faults. Thread-safety: append() and sync() from one thread at a time; in_order()
// after the last of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/state/spilled_row.h"
#include "rare/sink.h"

namespace rare::engine {

// Rows in the order of the run.
class SpilledRows {
 public:
  virtual ~SpilledRows() = default;
  // The next row, nothing at the end.
  virtual Result<std::optional<SpilledRow>> next() = 0;
};

class GatherSpill {
 public:
  static constexpr std::size_t kSortBytes = 64u << 20;

  // Makes `file` anew, or goes on at `committed` after cutting back what stands beyond it. Folders
  // that are missing are made.
  static Result<std::unique_ptr<GatherSpill>> open(std::string file,
                                                   const std::optional<Offset>& committed);
  ~GatherSpill();
  GatherSpill(const GatherSpill&) = delete;
  GatherSpill& operator=(const GatherSpill&) = delete;

  // All rows of one family, in their order within it.
  Status append(const RunPlace& family, std::span<const Record> rows);
  // All that was appended is on disk when this returns.
  Result<Offset> sync();
  // Everything that was synced. Families that came in another order than the run's (`order: any`)
  // are sorted with at most `sort_bytes` of their frames in memory, by runs in files beside this
  // one. REQUIRES: the spill outlives the rows.
  Result<std::unique_ptr<SpilledRows>> in_order(std::size_t sort_bytes = kSortBytes) const;
  // Closes the file and removes it with all that was made beside it.
  Status remove();

 private:
  GatherSpill(std::string file, int descriptor) : file_(std::move(file)), descriptor_(descriptor) {}
  Status flush();

  const std::string file_;
  int descriptor_;
  std::string buffer_;
  std::uint64_t bytes_ = 0;  // with what is in the buffer
  bool ordered_ = true;      // families came in the order of the run
  RunPlace last_;
};

}  // namespace rare::engine
