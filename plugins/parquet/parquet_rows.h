// Rows of a Parquet file as they wait for it: lines of JSON, each checked against the schema.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "column_type.h"
#include "plugins/files/json_rows.h"

namespace rare::parquet {

// What `schema` gives, in the order in which it is written; empty: it gives none. An error
// (invalid_argument) says what is wrong with it.
Result<std::vector<NamedType>> columns_of(const files::WriteSettings& settings);

class ParquetRows final : public files::RowFormat {
 public:
  // Without columns any row will do that has a field.
  explicit ParquetRows(std::vector<NamedType> columns) : columns_(std::move(columns)) {}

  Result<std::string> encode(std::span<const files::RowField> fields) const override;

 private:
  std::vector<NamedType> columns_;
  files::JsonLineRows lines_;
};

}  // namespace rare::parquet
