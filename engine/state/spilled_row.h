// A record on disk while it waits: its family's place, its identity and its fields, in one frame
// with a checksum. The format is specified in docs/formats/state.md.
//
// Errors: bytes that are no whole frame, or whose checksum is off, are a run fault that names the
// file and the byte. Thread-safety: one thread at a time for each object.
#pragma once

#include <compare>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "rare/record.h"
#include "rare/status.h"

namespace rare::engine {

// Where a family stands in the order of the run: level by level, by its root's ordinal, and of
// equal ones by the place of the root's origin.
struct RunPlace {
  std::uint32_t level = 0;
  std::uint64_t ordinal = 0;
  std::uint32_t origin = 0;
  auto operator<=>(const RunPlace&) const = default;
};

struct SpilledRow {
  RunPlace family;
  Record record;
};

// The order of the run, and within a family the way from its root.
bool runs_before(const SpilledRow& a, const SpilledRow& b);

// Appends the row's frame to `bytes`.
void encode_row(const RunPlace& family, const Record& record, std::string& bytes);

// Reads frames from the beginning of a file up to `end_bytes`.
class SpilledRowReader {
 public:
  static Result<std::unique_ptr<SpilledRowReader>> open(std::string file, std::uint64_t end_bytes);
  ~SpilledRowReader();
  SpilledRowReader(const SpilledRowReader&) = delete;
  SpilledRowReader& operator=(const SpilledRowReader&) = delete;

  // The next row, nothing at the end.
  Result<std::optional<SpilledRow>> next();
  // Size of the frame that next() gave last.
  std::size_t frame_bytes() const { return frame_bytes_; }

 private:
  SpilledRowReader(std::string file, std::FILE* stream, std::uint64_t end_bytes)
      : file_(std::move(file)), stream_(stream), end_bytes_(end_bytes) {}
  Status damaged() const;
  std::shared_ptr<const std::string> shared_prefix(std::string_view text);

  const std::string file_;
  std::FILE* stream_;
  const std::uint64_t end_bytes_;
  std::uint64_t at_ = 0;
  std::size_t frame_bytes_ = 0;
  std::string body_;
  std::shared_ptr<const std::string> prefix_;  // rows of one source share it
};

}  // namespace rare::engine
