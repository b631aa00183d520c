// Writes a Parquet file. Where no schema says what the columns hold, all of its rows do: they are
// looked at first, or as they are written, as long as they say what those before them said.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "column_type.h"
#include "observed_column.h"
#include "plugins/files/row_format.h"
#include "plugins/files/whole_file.h"
#include "rare/status.h"
#include "typed_file.h"

namespace rare::parquet {

// Thread-safety: one thread at a time.
class ParquetFile final : public files::WholeFile {
 public:
  using MakeFile = std::unique_ptr<TypedFile> (*)();
  // `declared`: the columns that `schema` gives, or none: then the rows decide.
  ParquetFile(const files::WriteSettings& settings, std::vector<NamedType> declared,
              MakeFile make_file);

  bool surveys() const override { return declared_.empty(); }
  Status survey(std::string_view row) override;
  Status open(const std::string& path) override;
  Status add(std::string_view row) override;
  Result<bool> survey_and_add(std::string_view row) override;
  Status close() override;
  void forget() override;

 private:
  // For what was surveyed so far.
  std::vector<NamedType> columns_of_rows() const;
  Result<simdjson::dom::element> parsed(std::string_view row);
  Status status_of(const std::optional<FileProblem>& problem) const;

  std::vector<std::string> first_columns_;
  std::vector<NamedType> declared_, columns_;
  std::string compression_, path_;
  MakeFile make_file_;
  ObservedColumn rows_;
  simdjson::dom::parser parser_;
  std::unique_ptr<TypedFile> file_;
  std::vector<CellWriter*> cells_;
  std::uint64_t row_count_ = 0, news_ = 0;
  bool is_settled_ = false;  // columns_ are those of what was surveyed
};

}  // namespace rare::parquet
