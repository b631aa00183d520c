// Rows of JSON Lines, and of one JSON array.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "row_format.h"

namespace rare::files {

// One object a line.
class JsonLineRows final : public RowFormat {
 public:
  Result<std::string> encode(std::span<const RowField> fields) const override;
};

// An array with an element on each line. The comma stands before an element, so that a row can be
// written before it is known whether another follows.
class JsonArrayRows final : public RowFormat {
 public:
  Result<std::string> encode(std::span<const RowField> fields) const override;
  std::string_view first_bytes() const override { return "["; }
  std::string_view later_bytes() const override { return ","; }
  std::string end(bool has_rows) const override { return has_rows ? "]\n" : "[]\n"; }
};

}  // namespace rare::files
