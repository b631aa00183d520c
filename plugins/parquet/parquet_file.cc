#include "parquet_file.h"

#include <string>
#include <utility>

#include "plugins/files/output_file.h"
#include "row_values.h"

namespace rare::parquet {

ParquetFile::ParquetFile(const files::WriteSettings& settings, std::vector<NamedType> declared,
                         MakeFile make_file)
    : first_columns_(settings.fields),
      declared_(std::move(declared)),
      compression_(settings.compression),
      make_file_(make_file) {}

Result<simdjson::dom::element> ParquetFile::parsed(std::string_view row) {
  simdjson::dom::element element;
  const simdjson::error_code error =
      parser_.parse(row.data(), row.size(), /*realloc_if_needed=*/false).get(element);
  if (error == simdjson::SUCCESS && element.is_object()) return element;
  return Status::run_fault(
      StatusCode::invalid_data,
      std::string("expected an object of JSON, came other text") +
          (error == simdjson::SUCCESS ? ""
                                      : " (" + std::string(simdjson::error_message(error)) + ")"));
}

Status ParquetFile::status_of(const std::optional<FileProblem>& problem) const {
  if (!problem) return Status();
  if (problem->system_error != 0) {
    return files::file_failure(path_, "writing", problem->system_error);
  }
  return Status::run_fault(StatusCode::internal,
                           path_ + ": Arrow could not write it: " + problem->reason);
}

Status ParquetFile::survey(std::string_view row) {
  Result<simdjson::dom::element> object = parsed(row);
  if (!object) return object.status();
  rows_.add(*object);
  if (rows_.width() <= kMaxFileColumns) return Status();
  return Status::run_fault(
      StatusCode::invalid_argument,
      "expected rows with at most " + std::to_string(kMaxFileColumns) +
          " different fields, each of which is a column, came more; say which ones are written "
          "with "
          "`fields`, or with a `schema`, in which names that are data are a map(TYPE), and start "
          "with --fresh (stored replies are used again)");
}

void ParquetFile::settle_columns() {
  columns_ = declared_.empty() ? rows_.fields() : declared_;
  if (columns_.empty()) {
    // No row came; what is known by name is there all the same.
    for (const std::string& name : first_columns_) columns_.push_back({name, ColumnType()});
  }
  put_in_order(columns_, first_columns_);
  rows_ = ObservedColumn();
}

Status ParquetFile::open(const std::string& path) {
  settle_columns();
  path_ = path;
  row_count_ = 0;
  file_ = make_file_();
  if (Status opened = status_of(file_->open(path, columns_, compression_)); !opened) return opened;
  cells_ = file_->cells();
  return Status();
}

Status ParquetFile::add(std::string_view row) {
  Result<simdjson::dom::element> object = parsed(row);
  if (!object) return object.status();
  if (!add_row(object->get_object().value_unsafe(), columns_, cells_)) {
    return Status::run_fault(StatusCode::invalid_data,
                             "expected the row " + std::to_string(row_count_) +
                                 ", counted from 0, to fit the columns, which it does not");
  }
  row_count_ += 1;
  return status_of(file_->end_row(row.size() + 1));
}

Status ParquetFile::close() {
  Status closed = status_of(file_->close());
  file_.reset();
  return closed;
}

}  // namespace rare::parquet
