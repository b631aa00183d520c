// The type of a column, from the values that it has to hold.
//
// What was seen is a set, so the order in which values are added means nothing (but where there are
// more names than kMaxSurveyedNames): equal rows give an equal type, whatever the run went through
// to write them.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "column_type.h"

namespace rare::parquet {

// Objects and lists within each other, deeper than which a value is kept as JSON text; and how many
// names an object may have in all rows together before it is taken for a dictionary and kept so,
// too.
inline constexpr int kMaxColumnDepth = 16;
inline constexpr std::size_t kMaxObjectFields = 256;
// How many columns a file has at most, the parts of structures counted: each costs memory in each
// row, also where it is null. And how many names within columns are kept while rows are surveyed.
inline constexpr std::size_t kMaxFileColumns = 4096;
inline constexpr std::size_t kMaxSurveyedNames = 65536;

// Thread-safety: one thread at a time.
class ObservedColumn {
 public:
  ObservedColumn() = default;

  // Whether it is another value than all before: one that may make another type.
  bool add(simdjson::dom::element value);
  // For values of one kind, that kind; integers and others together are `double`, as long as it
  // holds them exactly; all else is `json`. Without a value but null: `string`.
  ColumnType type() const { return type_within(kMaxColumnDepth); }
  // For a file's rows: how many columns at the top there are.
  std::size_t width() const { return fields_.size(); }
  // For a file's rows, which are objects: their fields by name. Where these have more than
  // kMaxFileColumns columns in all, the inner parts of those that have most become `json`.
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
  // What a column at the top keeps below itself: how many names and elements, and how deep.
  struct Extent {
    std::size_t parts = 0;
    int depth = kMaxColumnDepth;
  };
  // `column` outlives this; null: this is a column at the top.
  ObservedColumn(int depth, Extent* column);

  bool see(unsigned kinds);
  bool add_array(simdjson::dom::array items);
  bool add_object(simdjson::dom::object object);
  int depth_limit() const { return column_ != nullptr ? column_->depth : kMaxColumnDepth; }
  // Drops parts of the columns that have most, until the rest is few enough.
  void shrink();
  // Drops what is deeper.
  void prune(int depth);
  std::size_t parts_below() const;
  ColumnType type_within(int depth) const;
  std::size_t leaves_within(int depth) const;
  bool add_integer(bool is_negative, std::uint64_t magnitude);
  ColumnType::Kind number_kind() const;

  int depth_ = 0;
  std::uint16_t seen_ = 0;
  std::unique_ptr<Extent> own_extent_;  // of a column at the top
  Extent* column_ = nullptr;
  std::size_t parts_in_columns_ = 0;  // of the rows
  std::unique_ptr<ObservedColumn> element_;
  std::map<std::string, ObservedColumn, std::less<>> fields_;
};

}  // namespace rare::parquet
