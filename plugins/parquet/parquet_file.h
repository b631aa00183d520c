// Writes a Parquet file: its rows once, to learn what the columns hold where no schema says it, and
// once more into the file.
//
// Equal rows and settings give equal bytes, with one version of Arrow. Memory holds one row group,
// packed, and a batch of rows.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "column_type.h"
#include "observed_column.h"
#include "plugins/files/row_format.h"
#include "plugins/files/whole_file.h"
#include "rare/status.h"

namespace rare::parquet {

// Thread-safety: one thread at a time.
class ParquetFile final : public files::WholeFile {
 public:
  // `declared`: the columns that `schema` gives, or none: then the rows decide.
  ParquetFile(const files::WriteSettings& settings, std::vector<NamedType> declared);
  ~ParquetFile() override;

  bool surveys() const override { return declared_.empty(); }
  Status survey(std::string_view row) override;
  Status open(const std::string& path) override;
  Status add(std::string_view row) override;
  Status close() override;

 private:
  struct File;

  // Fixes the columns, for what was surveyed.
  void settle_columns();
  Result<simdjson::dom::element> parsed(std::string_view row);
  Status write_batch();

  std::vector<std::string> first_columns_;
  std::vector<NamedType> declared_, columns_;
  std::string compression_;
  ObservedColumn rows_;
  simdjson::dom::parser parser_;
  std::unique_ptr<File> file_;
};

}  // namespace rare::parquet
