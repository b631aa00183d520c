// Values of Arrow's columns as JSON.
//
// Thread-safety: a CellReader may be read from any thread; it keeps its column alive.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::parquet {

// Why a column of this type cannot be read, or OK.
Status check_readable(const ::arrow::DataType& type, const std::string& column);

class CellReader {
 public:
  // `depth`: how many objects and arrays the values stand within, the record itself being one.
  // REQUIRES: check_readable() said OK of the column's type.
  CellReader(std::string name, std::shared_ptr<::arrow::Array> column, int depth = 1);

  const std::string& name() const { return name_; }
  // The value of one row. An error (invalid_data) names the column and what its value is; it is no
  // run fault.
  Status read(std::int64_t row, Json& value) const;

 private:
  Status read_number(std::int64_t row, Json& value) const;
  Status read_text(std::int64_t row, Json& value) const;
  Status read_json(std::string_view text, Json& value) const;
  Status read_moment(std::int64_t row, Json& value) const;
  template <class Array>
  Status read_list_of(std::int64_t row, Json& value) const;
  Status read_list(std::int64_t from, std::int64_t count, Json& value) const;
  Status read_structure(std::int64_t row, Json& value) const;
  Status read_map(std::int64_t row, Json& value) const;
  Status unreadable(const std::string& expected, const std::string& came) const;

  std::string name_;
  std::shared_ptr<::arrow::Array> column_;  // what an extension type stores
  bool is_json_ = false, is_uuid_ = false;
  int depth_;
  std::vector<CellReader> parts_;  // fields, the element, key and value, or a dictionary's values
};

}  // namespace rare::parquet
