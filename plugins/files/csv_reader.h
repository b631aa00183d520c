// CSV: a row is a record, a header line or `columns` names its fields. Streamed; blank lines are no
// records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "byte_record_reader.h"
#include "csv_scan.h"
#include "read_settings.h"

namespace rare::files {

class CsvReader final : public ByteRecordReader {
 public:
  // `delimiter`: what the settings' `auto` stands for; nothing: what the first line shows.
  CsvReader(const ReadSettings& settings, std::optional<char> delimiter,
            std::size_t max_record_bytes = kMaxRecordBytes);

  Status open(const std::string& path, const ReaderPosition& from, std::uint64_t end) override;
  Result<std::optional<Json>> next() override;
  Result<std::uint64_t> skip(std::uint64_t most) override;
  bool can_go_on() const override { return true; }

 private:
  enum class Row { whole, too_long, none };
  // The next row into scan_ and row_; a row that is too long is left, and row_ is its beginning.
  Result<Row> read_row();
  Result<Row> leave_row();
  // The next row that stands for a record, and where it starts.
  Result<Row> read_record_row(ReaderPosition& start);
  bool is_unfinished() const;
  void pass(std::string_view bytes);
  Status read_head();
  Status read_delimiter();
  Result<char> find_delimiter();
  Status name_columns(const ReaderPosition& start);
  Result<std::optional<Json>> record(const ReaderPosition& start);
  Status head_fault(const ReaderPosition& at, const std::string& expected,
                    const std::string& came) const;

  std::optional<char> delimiter_;
  std::vector<std::string> columns_;  // as they stand in a row
  bool has_header_;
  bool infers_;
  bool leaves_unfinished_;
  std::string encoding_;
  std::size_t max_record_bytes_;
  std::vector<std::size_t> by_name_;  // columns_ sorted, as records keep their fields
  CsvScan scan_{','};
  std::string_view row_;            // without its line break
  std::string overlong_head_;       // of the row that was too long
  std::size_t overlong_quote_ = 0;  // in it, where quotes were open
};

}  // namespace rare::files
