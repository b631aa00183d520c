// A row of a data set: columns in their order, as a line of JSON; and how a dataset card names the
// types of columns.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/files/row_text.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::exports {

// Of rows that say what decided their part.
inline constexpr const char* kDocumentColumn = "document";

using JsonLine = std::vector<std::pair<std::string, Json>>;

// An error names the column, and leaves `lines` with a part of the row.
inline Status append_json_line(const JsonLine& row, std::string& lines) {
  char before = '{';
  for (const auto& [name, value] : row) {
    lines += std::exchange(before, ',');
    if (Status appended = files::append_field(lines, name, value); !appended) return appended;
  }
  lines += "}\n";
  return Status();
}

inline Json text_feature(const std::string& name) { return {{"name", name}, {"dtype", "string"}}; }

}  // namespace rare::exports
