// JSON Lines: one object a line. Blank lines are no records; a missing last newline, CRLF and a
// byte order mark at the start are accepted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "byte_record_reader.h"
#include "read_settings.h"

namespace rare::files {

class JsonlReader final : public ByteRecordReader {
 public:
  explicit JsonlReader(std::size_t max_record_bytes = kMaxRecordBytes)
      : max_record_bytes_(max_record_bytes) {}
  explicit JsonlReader(const ReadSettings& settings) : JsonlReader() {
    encoding_ = settings.encoding;
    leaves_unfinished_ = settings.leaves_unfinished_line;
  }

  Status open(const std::string& path, const ReaderPosition& from, std::uint64_t end) override;
  Result<std::optional<Json>> next() override;
  Result<std::uint64_t> skip(std::uint64_t most) override;
  bool can_go_on() const override { return true; }

 private:
  // Those of the window's lines that next() would take without reading on.
  std::uint64_t skip_within_window(std::uint64_t most);
  // Leaves the rest of a line that does not fit. Whether it has a line break.
  Result<bool> skip_line();
  Result<std::optional<Json>> overlong_line();

  std::size_t max_record_bytes_;
  std::string encoding_ = "utf-8";
  bool leaves_unfinished_ = false;
  ElementParser parser_;
};

}  // namespace rare::files
