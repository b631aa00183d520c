#include "csv_rows.h"

#include <algorithm>
#include <cstddef>

#include "cell_value.h"
#include "row_text.h"

namespace rare::files {

Result<std::unique_ptr<RowFormat>> CsvRows::make(const WriteSettings& settings, char delimiter) {
  std::vector<std::string> names = settings.fields;
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    return Status(StatusCode::invalid_argument,
                  "expected each of `fields` once, came " + Json(*twice).dump() + " twice");
  }
  return std::unique_ptr<RowFormat>(new CsvRows(settings.fields, delimiter));
}

// A name with what a reader may take for a delimiter, or for Excel's line that tells one, is
// quoted.
std::string CsvRows::head() const {
  std::string row;
  for (const std::string& column : columns_) {
    if (&column != &columns_.front()) row += delimiter_;
    append_text(row, column, special_ + ",;\t|=");
  }
  return row + "\n";
}

void CsvRows::append_text(std::string& row, const std::string& text,
                          std::string_view special) const {
  const bool is_plain = text.find_first_of(special) == std::string::npos && !value_of_cell(text);
  if (is_plain) {
    row += text;
    return;
  }
  row += '"';
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t quote = std::min(text.find('"', from), text.size());
    row.append(text, from, quote - from);
    if (quote < text.size()) row += "\"\"";
    from = quote + 1;
  }
  row += '"';
}

Status CsvRows::append_cell(std::string& row, const RowField& field) const {
  const Json& value = *field.value;
  if (value.is_null()) return Status();
  std::string text;
  if (value.is_string()) {
    text = value.get_ref<const std::string&>();
    if (Status checked = check_text(*field.name, text); !checked) return checked;
    append_text(row, text, special_);
    return Status();
  }
  if (Status appended = append_json(text, *field.name, value); !appended) return appended;
  if (value.is_structured()) {
    append_text(row, text, special_);
  } else {
    row += text;
  }
  return Status();
}

Result<std::string> CsvRows::encode(std::span<const RowField> fields) const {
  std::string row;
  std::size_t next = 0;
  for (const std::string& column : columns_) {
    if (&column != &columns_.front()) row += delimiter_;
    if (next == fields.size() || *fields[next].name != column) continue;
    if (Status appended = append_cell(row, fields[next++]); !appended) return appended;
  }
  if (row.empty()) row = "\"\"";  // a blank line would be no record
  row += '\n';
  row.shrink_to_fit();
  return row;
}

}  // namespace rare::files
