#include "parquet_file.h"

#include <string>
#include <utility>

#include "plugins/files/output_file.h"
#include "row_values.h"

namespace rare::parquet {
namespace {

// How often rows that come after open() may show something new before it is no longer looked at
// whether it changes the columns.
constexpr std::uint64_t kMaxNews = 1000;

}  // namespace

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
  is_settled_ = false;
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

std::vector<NamedType> ParquetFile::columns_of_rows() const {
  std::vector<NamedType> columns = declared_.empty() ? rows_.fields() : declared_;
  if (columns.empty()) {
    // No row came; what is known by name is there all the same.
    for (const std::string& name : first_columns_) columns.push_back({name, ColumnType()});
  }
  put_in_order(columns, first_columns_);
  return columns;
}

Status ParquetFile::open(const std::string& path) {
  if (!std::exchange(is_settled_, true)) columns_ = columns_of_rows();
  path_ = path;
  row_count_ = news_ = 0;
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

Result<bool> ParquetFile::survey_and_add(std::string_view row) {
  Result<simdjson::dom::element> object = parsed(row);
  if (!object) return object.status();
  if (declared_.empty() && rows_.add(*object)) {
    news_ += 1;
    if (news_ > kMaxNews || columns_of_rows() != columns_) return false;
  }
  if (!add_row(object->get_object().value_unsafe(), columns_, cells_)) return false;
  row_count_ += 1;
  const Status ended = status_of(file_->end_row(row.size() + 1));
  return ended ? Result<bool>(true) : ended;
}

Status ParquetFile::close() {
  Status closed = status_of(file_->close());
  file_.reset();
  return closed;
}

void ParquetFile::forget() {
  file_.reset();
  rows_ = ObservedColumn();
  is_settled_ = false;
}

}  // namespace rare::parquet
