// What readers of formats that are bytes from front to back have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "byte_reader.h"
#include "record_reader.h"

namespace rare::files {

class ByteRecordReader : public RecordReader {
 public:
  ReaderPosition position() const final { return position_; }
  std::uint64_t file_offset() const final { return bytes_.file_offset(); }
  std::optional<std::uint64_t> undecodable(std::uint64_t from, std::uint64_t to) const final {
    return bytes_.undecodable(from, to);
  }
  std::optional<std::uint64_t> unfinished_line() const final { return unfinished_line_; }

 protected:
  // What begins at `start` has no end yet.
  std::optional<Json> leave_unfinished(const ReaderPosition& start) {
    position_ = start;
    unfinished_line_ = start.line;
    return std::nullopt;
  }
  std::string path_;
  ByteReader bytes_;
  ReaderPosition position_;  // before what next() will give

 private:
  std::optional<std::uint64_t> unfinished_line_;
};

}  // namespace rare::files
