// Values of JSON into Arrow's columns.
//
// Thread-safety: one thread at a time.
#pragma once

#include <arrow/type_fwd.h>
#include <simdjson.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "column_type.h"

namespace rare::parquet {

// How a column looks in a file.
std::shared_ptr<::arrow::DataType> type_in_file(const ColumnType& type);

class CellWriter {
 public:
  // `builder` is of what the column stores, and outlives this.
  CellWriter(const ColumnType& type, ::arrow::ArrayBuilder& builder);

  // A value that the type can hold; what it cannot is an error that says so.
  ::arrow::Status append(simdjson::dom::element value);
  ::arrow::Status append_null();
  // The fields of an object into the parts of a structure; what it lacks becomes null. Each of
  // `builders` gets one value.
  static ::arrow::Status append_fields(simdjson::dom::object object,
                                       const std::vector<NamedType>& types,
                                       std::vector<CellWriter>& writers);

 private:
  ::arrow::Status append_number(simdjson::dom::element value);
  ::arrow::Status append_text(std::string_view text);
  ::arrow::Status append_decimal(std::string_view text);
  ::arrow::Status append_parts(simdjson::dom::element value);

  const ColumnType* type_;
  ::arrow::ArrayBuilder* builder_;
  std::vector<CellWriter> parts_;
};

// Builders for columns, and what was built as columns of a file.
std::shared_ptr<::arrow::DataType> stored_type(const ColumnType& type);
std::shared_ptr<::arrow::Array> as_in_file(const std::shared_ptr<::arrow::Array>& stored,
                                           const std::shared_ptr<::arrow::DataType>& type);

}  // namespace rare::parquet
