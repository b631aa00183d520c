#include "csv_file.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "csv_rows.h"
#include "json_rows.h"
#include "rare/provenance.h"

namespace rare::files {

Result<Json> CsvFile::parsed(std::string_view row) {
  std::variant<Json, ParseProblem> value = parser_.parse_object(row);
  if (Json* const object = std::get_if<Json>(&value)) return std::move(*object);
  const ParseProblem& problem = std::get<ParseProblem>(value);
  return Status::run_fault(StatusCode::invalid_data,
                           "expected " + problem.expected + ", came " + problem.came);
}

Status CsvFile::survey(std::string_view row) {
  const Result<Json> object = parsed(row);
  if (!object) return object.status();
  for (auto at = object->begin(); at != object->end(); ++at) {
    if (!columns_.contains(at.key())) columns_.insert(at.key());
  }
  if (columns_.size() <= kMostColumns) return Status();
  return Status::run_fault(
      StatusCode::invalid_argument,
      "expected rows with at most " + std::to_string(kMostColumns) +
          " different fields, each of which is a column, came more; say which ones are written "
          "with `fields`, or write JSON Lines, and start with --fresh (stored replies are used "
          "again)");
}

Status CsvFile::open(const std::string& path) {
  WriteSettings settings;
  settings.fields.assign(columns_.begin(), columns_.end());
  const auto provenance =
      std::find(settings.fields.begin(), settings.fields.end(), std::string(kProvenanceField));
  if (provenance != settings.fields.end()) {
    std::rotate(provenance, provenance + 1, settings.fields.end());
  }
  rows_ = std::make_unique<JsonLineRows>();  // of no rows, which have no columns
  if (!columns_.empty()) {
    Result<std::unique_ptr<RowFormat>> rows = CsvRows::make(settings, delimiter_);
    if (!rows) return rows.status();
    rows_ = std::move(*rows);
  }
  columns_in_order_ = std::move(settings.fields);
  // Under the path itself, which the caller takes for no whole file before close().
  output_ = std::make_unique<PackedOutput>(*rows_, compression_, "");
  return output_->begin(path);
}

Status CsvFile::add(std::string_view row) {
  const Result<bool> added = survey_and_add(row);
  if (!added) return added.status();
  if (*added) return Status();
  return Status::run_fault(StatusCode::internal, "a row has a field that was not surveyed");
}

Result<bool> CsvFile::survey_and_add(std::string_view row) {
  const Result<Json> object = parsed(row);
  if (!object) return object.status();
  std::vector<RowField> fields;
  fields.reserve(columns_in_order_.size());
  for (const std::string& column : columns_in_order_) {
    const auto at = object->find(column);
    if (at != object->end()) fields.push_back({&column, &*at});
  }
  if (fields.size() < object->size()) return false;
  const Result<std::string> encoded = rows_->encode(fields);
  if (!encoded) {
    return Status::run_fault(StatusCode::invalid_data, encoded.status().message());
  }
  Status appended = output_->append(*encoded);
  return appended ? Result<bool>(true) : appended;
}

Status CsvFile::close() {
  Status ended = output_->finalise();
  output_.reset();
  return ended;
}

void CsvFile::forget() {
  output_.reset();
  columns_.clear();
  columns_in_order_.clear();
}

}  // namespace rare::files
