// CSV whose columns nobody has named: all of its rows decide, so it is written when they are all
// there. The columns are every field that a row has, sorted by name, `_rare` of provenance last.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "frame_codec.h"
#include "json_element.h"
#include "packed_output.h"
#include "row_format.h"
#include "whole_file.h"

namespace rare::files {

class CsvFile final : public WholeFile {
 public:
  // More columns than this are names that are data.
  static constexpr std::size_t kMostColumns = 10'000;

  CsvFile(char delimiter, Compression compression)
      : delimiter_(delimiter), compression_(compression) {}

  bool surveys() const override { return true; }
  Status survey(std::string_view row) override;
  Status open(const std::string& path) override;
  Status add(std::string_view row) override;
  // False where the row has a field that is no column.
  Result<bool> survey_and_add(std::string_view row) override;
  Status close() override;
  void forget() override;

 private:
  Result<Json> parsed(std::string_view row);

  const char delimiter_;
  const Compression compression_;
  ElementParser parser_;
  std::set<std::string, std::less<>> columns_;
  std::vector<std::string> columns_in_order_;
  std::unique_ptr<RowFormat> rows_;
  std::unique_ptr<PackedOutput> output_;
};

}  // namespace rare::files
