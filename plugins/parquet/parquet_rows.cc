#include "parquet_rows.h"

#include <algorithm>
#include <utility>

#include "declared_columns.h"

namespace rare::parquet {
namespace {

const NamedType* find(const std::vector<NamedType>& columns, const std::string& name) {
  const auto at = std::find_if(columns.begin(), columns.end(),
                               [&name](const NamedType& one) { return one.name == name; });
  return at == columns.end() ? nullptr : &*at;
}

std::string names_of(const std::vector<NamedType>& columns) {
  std::string names;
  for (const NamedType& column : columns) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

}  // namespace

Result<std::vector<NamedType>> columns_of(const files::WriteSettings& settings) {
  Result<std::vector<NamedType>> columns = declared_columns(settings.schema);
  if (!columns || columns->empty()) return columns;
  for (const std::string& field : settings.fields) {
    if (find(*columns, field) != nullptr) continue;
    return Status(
        StatusCode::invalid_argument,
        "`fields` names " + field + ", which `schema` gives no type; it has " + names_of(*columns));
  }
  put_in_order(*columns, settings.fields);
  return columns;
}

Result<std::string> ParquetRows::encode(std::span<const files::RowField> fields) const {
  if (fields.empty()) {
    return Status(StatusCode::invalid_data,
                  "expected at least one field, came a record with none, which no column of a "
                  "Parquet file could hold");
  }
  for (const files::RowField& field : fields) {
    if (columns_.empty()) break;
    const NamedType* column = find(columns_, *field.name);
    if (column == nullptr) {
      return Status(StatusCode::invalid_data,
                    "expected the fields that `schema` names (" + names_of(columns_) +
                        "), came one more, " +
                        Json(*field.name).dump(-1, ' ', true, Json::error_handler_t::replace) +
                        "; give it a type there, or leave it out with `fields`");
    }
    if (Status fits = check_fit(*column, *field.value); !fits) return fits;
  }
  return lines_.encode(fields);
}

}  // namespace rare::parquet
