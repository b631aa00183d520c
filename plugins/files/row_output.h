// Where encoded rows go: a file that grows, or rows that wait for a file that is written whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rare/status.h"

namespace rare::files {

// How far an output has come. `bytes` counts rows as they were before they were packed.
struct OutputPlace {
  std::uint64_t bytes = 0;
  std::uint64_t packed_bytes = 0;  // whole frames; equal to `bytes` without compression
  std::string tail;                // of `bytes`, what is in no frame yet
  std::uint64_t rows = 0;
  // OutputFile::end_digest() at that place; empty: not known.
  std::string end_digest = {};
  // Of an output that is divided into several files: which of them this is of, and how many bytes
  // those before it have.
  std::uint64_t part = 0;
  std::uint64_t bytes_of_earlier_parts = 0;
};

// Thread-safety: one thread at a time. Errors are run faults.
class RowOutput {
 public:
  virtual ~RowOutput() = default;
  virtual Status begin(const std::string& path) = 0;
  // Goes on behind a place that sync() gave.
  virtual Status resume(const std::string& path, OutputPlace place) = 0;
  // REQUIRES: a whole row.
  virtual Status append(std::string_view row) = 0;
  // Appends rows of the finished output between two places. REQUIRES: begin(); the ranges of
  // several calls come in ascending order.
  virtual Status append_finished(const OutputPlace& from, const OutputPlace& to) = 0;
  // All but the tail is on disk.
  virtual Result<OutputPlace> sync() = 0;
  // Where the next row will stand; without the tail.
  virtual OutputPlace place() const = 0;
  virtual Status finalise() = 0;
  // Puts a whole file with the rows so far in place, and keeps the working one. REQUIRES: sync().
  virtual Status publish_copy() = 0;
  // Whether append_finished() works between places.
  virtual bool can_append_finished() const { return true; }
  // The files that it is, or will be when it ends here.
  virtual std::vector<std::string> locations() const = 0;
};

}  // namespace rare::files
