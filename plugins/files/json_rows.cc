#include "json_rows.h"

#include <utility>

#include "row_text.h"

namespace rare::files {
namespace {

Result<std::string> object_line(std::string row, std::span<const RowField> fields) {
  row += '{';
  bool is_first = true;
  for (const RowField& field : fields) {
    if (!std::exchange(is_first, false)) row += ',';
    if (Status appended = append_field(row, *field.name, *field.value); !appended) return appended;
  }
  row += "}\n";
  row.shrink_to_fit();  // it may wait for long, and is what the committer's window counts
  return row;
}

}  // namespace

Result<std::string> JsonLineRows::encode(std::span<const RowField> fields) const {
  return object_line({}, fields);
}

Result<std::string> JsonArrayRows::encode(std::span<const RowField> fields) const {
  return object_line(std::string(later_bytes()), fields);
}

}  // namespace rare::files
