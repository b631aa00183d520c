// Rows of CSV: a header line, then a line for each record, cells in the order of `fields`.
//
// Text stands as it is, between quotes where it holds a delimiter, a quote or a line break, or
// would mean something else to who infers types (cell_value.h); null and what a record lacks are
// empty cells; lists and objects are their JSON.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "row_format.h"

namespace rare::files {

class CsvRows final : public RowFormat {
 public:
  // REQUIRES: `fields`: the header line comes before the first record.
  static Result<std::unique_ptr<RowFormat>> make(const WriteSettings& settings, char delimiter);

  std::string head() const override;
  Result<std::string> encode(std::span<const RowField> fields) const override;
  bool quotes_hide_breaks() const override { return true; }

 private:
  CsvRows(std::vector<std::string> columns, char delimiter)
      : columns_(std::move(columns)),
        delimiter_(delimiter),
        special_(std::string(1, delimiter) + "\"\r\n") {}
  void append_text(std::string& row, const std::string& text, std::string_view special) const;
  Status append_cell(std::string& row, const RowField& field) const;

  std::vector<std::string> columns_;
  char delimiter_;
  std::string special_;  // what makes a cell need quotes
};

}  // namespace rare::files
