#include "json_rows.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "row_text.h"

namespace rare::files {
namespace {

constexpr std::size_t kMostKeptBytes = std::size_t{1} << 20;

Result<std::string> object_line(std::string_view begin, std::span<const RowField> fields) {
  static thread_local std::string row;  // grows to the size of rows once
  row = begin;
  row += '{';
  bool is_first = true;
  for (const RowField& field : fields) {
    if (!std::exchange(is_first, false)) row += ',';
    if (Status appended = append_field(row, *field.name, *field.value); !appended) return appended;
  }
  row += "}\n";
  // No more than it needs: it may wait for long, and is what the committer's window counts.
  std::string line(row);
  if (row.capacity() > kMostKeptBytes) std::string().swap(row);
  return line;
}

}  // namespace

Result<std::string> JsonLineRows::encode(std::span<const RowField> fields) const {
  return object_line("", fields);
}

Result<std::string> JsonArrayRows::encode(std::span<const RowField> fields) const {
  return object_line(later_bytes(), fields);
}

}  // namespace rare::files
