// Plain text and Markdown: a record is a file, a paragraph or a line of it, with the fields `text`
// and `path`, and `line` (of its first line, from 1) where it is a part of the file. What
// Markdown's front matter says (YAML between two lines `---` at the beginning) is fields of every
// record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "byte_record_reader.h"
#include "read_settings.h"

namespace rare::files {

class TextReader final : public ByteRecordReader {
 public:
  TextReader(const ReadSettings& settings, bool has_front_matter,
             std::size_t max_record_bytes = kMaxRecordBytes);

  Status open(const std::string& path, const ReaderPosition& from, std::uint64_t end) override;
  Result<std::optional<Json>> next() override;
  // A file is a record, and the last paragraph of one ends with it: neither is what it was.
  bool can_go_on() const override { return split_ == Split::line; }

 private:
  enum class Split { file, paragraph, line };
  Status read_head();
  Result<std::size_t> piece_end();
  Status pass_blank_lines();
  Status leave_rest();
  void pass(std::size_t bytes);
  Result<std::optional<Json>> record(const ReaderPosition& start, std::string_view text) const;

  Split split_;
  bool has_front_matter_;
  bool leaves_unfinished_;
  std::string encoding_;
  std::size_t max_record_bytes_;
  Json front_matter_ = Json::object();
};

}  // namespace rare::files
