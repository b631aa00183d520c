// What the columns of a Parquet file hold, as far as records of JSON can say it.
//
// Thread-safety: built once, then only read.
#pragma once

#include <string>
#include <vector>

namespace rare::parquet {

struct NamedType;

// Every column, and every part of one, may be null.
struct ColumnType {
  enum class Kind {
    boolean,
    int32,
    int64,
    uint64,
    float32,
    float64,
    text,
    json,       // any value, as its JSON text; marked as JSON in the file
    binary,     // bytes; text in base64 in the record
    date,       // "2026-11-26"
    time,       // "23:59:59.999999", kept in microseconds
    timestamp,  // "2026-11-26T23:59:59.999999Z", kept in microseconds of UTC
    decimal,    // text like "12.50", or an integer
    list,       // parts: the one element
    map,        // parts: the one value; keys are text
    structure,  // parts: the fields, by name
  };
  Kind kind = Kind::text;
  int precision = 0, scale = 0;  // of a decimal: digits in all, and behind the point
  std::vector<NamedType> parts;
  bool operator==(const ColumnType&) const = default;
};

struct NamedType {
  std::string name;
  ColumnType type;
  bool operator==(const NamedType&) const = default;
};

// As a user writes it in `schema:`, on one line.
std::string text_of(const ColumnType& type);

// Puts columns into the order in which they are written: those that `first` names, in its order,
// then the rest by name.
void put_in_order(std::vector<NamedType>& columns, const std::vector<std::string>& first);

}  // namespace rare::parquet
