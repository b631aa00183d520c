// JSON Lines: one object a line. Blank lines are no records; a missing last newline, CRLF and a
// byte order mark at the start are accepted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "byte_reader.h"
#include "read_settings.h"
#include "record_reader.h"

namespace rare::files {

class JsonlReader final : public RecordReader {
 public:
  explicit JsonlReader(std::size_t max_record_bytes = kMaxRecordBytes)
      : max_record_bytes_(max_record_bytes) {}
  explicit JsonlReader(const ReadSettings& settings) : JsonlReader() {
    encoding_ = settings.encoding;
  }

  Status open(const std::string& path, const ReaderPosition& from, std::uint64_t end) override;
  Result<std::optional<Json>> next() override;
  ReaderPosition position() const override { return position_; }
  std::uint64_t file_offset() const override { return bytes_.file_offset(); }
  std::optional<std::uint64_t> undecodable(std::uint64_t from, std::uint64_t to) const override {
    return bytes_.undecodable(from, to);
  }

 private:
  // Bytes of the window up to and with the newline; 0 at the end of the file. More than
  // max_record_bytes_ without a newline: as many as there are.
  Result<std::size_t> find_line();
  // Leaves the rest of a line that does not fit.
  Status skip_line();
  Status overlong_line();

  std::string path_;
  std::size_t max_record_bytes_;
  std::string encoding_ = "utf-8";
  ByteReader bytes_;
  ElementParser parser_;
  ReaderPosition position_;
};

}  // namespace rare::files
