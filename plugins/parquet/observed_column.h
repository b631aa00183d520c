// The type of a column, from the values that it has to hold.
//
// What was seen is a set, so the order in which values are added means nothing: equal rows give an
// equal type, whatever the run went through to write them.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "column_type.h"

namespace rare::parquet {

// Objects and lists within each other, deeper than which a value is kept as JSON text; and how many
// names an object may have in all rows together before it is taken for a dictionary and kept so,
// too.
inline constexpr int kMaxColumnDepth = 16;
inline constexpr std::size_t kMaxObjectFields = 256;

// Thread-safety: one thread at a time.
class ObservedColumn {
 public:
  ObservedColumn() = default;
  explicit ObservedColumn(int depth) : depth_(depth) {}

  void add(simdjson::dom::element value);
  // For values of one kind, that kind; integers and others together are `double`, as long as it
  // holds them exactly; all else is `json`. Without a value but null: `string`.
  ColumnType type() const;
  // The fields of what was added, which were objects; by name. For a file's rows.
  std::vector<NamedType> fields() const;

 private:
  enum Seen : std::uint16_t {
    kBoolean = 1,
    kInteger = 2,          // -2^63 <= n < 2^63
    kNegative = 4,         // beside kInteger
    kLargeInteger = 8,     // 2^63 <= n < 2^64
    kInexactInteger = 16,  // beyond 2^53 on either side: beside one of the two
    kFraction = 32,        // a number that is written as no integer
    kText = 64,
    kList = 128,
    kObject = 256,
    kTooMuch = 512,  // too deep, or too many names
  };
  void add_object(simdjson::dom::object object);
  void add_integer(bool is_negative, std::uint64_t magnitude);
  ColumnType::Kind number_kind() const;

  int depth_ = 0;
  std::uint16_t seen_ = 0;
  std::unique_ptr<ObservedColumn> element_;
  std::map<std::string, ObservedColumn, std::less<>> fields_;
};

}  // namespace rare::parquet
