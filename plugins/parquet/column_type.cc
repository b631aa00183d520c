#include "column_type.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace rare::parquet {
namespace {

const char* name_of(ColumnType::Kind kind) {
  switch (kind) {
    case ColumnType::Kind::boolean:
      return "bool";
    case ColumnType::Kind::int32:
      return "int32";
    case ColumnType::Kind::int64:
      return "int64";
    case ColumnType::Kind::uint64:
      return "uint64";
    case ColumnType::Kind::float32:
      return "float";
    case ColumnType::Kind::float64:
      return "double";
    case ColumnType::Kind::text:
      return "string";
    case ColumnType::Kind::json:
      return "json";
    case ColumnType::Kind::binary:
      return "binary";
    case ColumnType::Kind::date:
      return "date";
    case ColumnType::Kind::time:
      return "time";
    case ColumnType::Kind::timestamp:
      return "timestamp";
    case ColumnType::Kind::decimal:
    case ColumnType::Kind::list:
    case ColumnType::Kind::map:
    case ColumnType::Kind::structure:
      break;
  }
  return "";
}

}  // namespace

std::string text_of(const ColumnType& type) {
  switch (type.kind) {
    case ColumnType::Kind::decimal:
      return "decimal(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case ColumnType::Kind::list:
      return "[" + text_of(type.parts.front().type) + "]";
    case ColumnType::Kind::map:
      return "map(" + text_of(type.parts.front().type) + ")";
    case ColumnType::Kind::structure: {
      std::string text;
      for (const NamedType& part : type.parts) {
        text += (text.empty() ? "{" : ", ") + part.name + ": " + text_of(part.type);
      }
      return text + "}";
    }
    default:
      return name_of(type.kind);
  }
}

void put_in_order(std::vector<NamedType>& columns, const std::vector<std::string>& first) {
  const auto rank = [&first](const NamedType& column) {
    return std::find(first.begin(), first.end(), column.name) - first.begin();
  };
  std::sort(columns.begin(), columns.end(), [&rank](const NamedType& a, const NamedType& b) {
    return std::make_pair(rank(a), std::cref(a.name)) < std::make_pair(rank(b), std::cref(b.name));
  });
}

}  // namespace rare::parquet
