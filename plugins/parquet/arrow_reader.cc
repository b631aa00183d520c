#include "arrow_reader.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/io_util.h>
#include <arrow/util/utf8.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace rare::parquet {
namespace {

// What is decoded at once, and what is read at once of each column. What a row takes decoded is
// only known afterwards (a text of a dictionary stands once in the file), so that a row group
// begins with few rows, and each batch has at most so many times the rows of the one before.
constexpr std::int64_t kDecodedBytes = std::int64_t{4} << 20;
constexpr std::int64_t kFirstDecodedRows = 16;
constexpr std::int64_t kMaxDecodedRows = 4096;
constexpr std::int64_t kBatchGrowth = 4;
constexpr std::int64_t kReadBufferBytes = std::int64_t{256} << 10;

// Arrow reports most errors, and throws some.
template <class Call>
::arrow::Status caught(const Call& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    return ::arrow::Status::IOError(error.what());
  }
}

// Without dictionaries, which do not grow with the rows.
std::int64_t decoded_bytes(const ::arrow::ArrayData& data) {
  std::int64_t bytes = 0;
  for (const std::shared_ptr<::arrow::Buffer>& buffer : data.buffers) {
    if (buffer) bytes += buffer->size();
  }
  for (const std::shared_ptr<::arrow::ArrayData>& part : data.child_data) {
    bytes += decoded_bytes(*part);
  }
  return bytes;
}

std::int64_t decoded_bytes(const ::arrow::RecordBatch& batch) {
  std::int64_t bytes = 0;
  for (const std::shared_ptr<::arrow::ArrayData>& column : batch.column_data()) {
    bytes += decoded_bytes(*column);
  }
  return bytes;
}

// For messages, whatever stands in a file.
std::string as_utf8(std::string text) {
  if (::arrow::util::ValidateUTF8(text)) return text;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  return text;
}

// An error's one line.
std::string reason_of(const ::arrow::Status& status) {
  std::string text = as_utf8(status.message());
  text.erase(std::min(text.find('\n'), text.size()));
  while (text.ends_with('.')) text.pop_back();
  return text;
}

// A record's names are UTF-8, at every depth.
Status check_names(const ::arrow::Field& field) {
  if (!::arrow::util::ValidateUTF8(field.name())) {
    return Status(StatusCode::invalid_argument,
                  "expected columns with names in UTF-8, came " + as_utf8(field.name()) +
                      " (each ? is another byte); write the file with other names, or leave the "
                      "column out with `columns`");
  }
  for (const std::shared_ptr<::arrow::Field>& part : field.type()->fields()) {
    if (Status named = check_names(*part); !named) return named;
  }
  return Status();
}

}  // namespace

struct ArrowReader::File {
  std::unique_ptr<::parquet::arrow::FileReader> reader;
  std::shared_ptr<::parquet::FileMetaData> metadata;
  std::uint64_t rows = 0;   // of all row groups
  std::vector<int> leaves;  // the columns to read, as Parquet counts them
  std::unique_ptr<::arrow::RecordBatchReader> batches;  // of the row group

  std::uint64_t bytes_of(int row_group) const {
    const std::int64_t bytes = metadata->RowGroup(row_group)->total_compressed_size();
    return bytes > 0 ? static_cast<std::uint64_t>(bytes)
                     : static_cast<std::uint64_t>(std::max<std::int64_t>(
                           metadata->RowGroup(row_group)->total_byte_size(), 0));
  }
  std::uint64_t rows_of(int row_group) const {
    return static_cast<std::uint64_t>(metadata->RowGroup(row_group)->num_rows());
  }
};

ArrowReader::ArrowReader(std::vector<std::string> columns) : columns_(std::move(columns)) {}
ArrowReader::~ArrowReader() = default;

std::string ArrowReader::place() const {
  return path_ + ": row " + std::to_string(position_.ordinal) + " (row group " +
         std::to_string(row_group_) + ", row " + std::to_string(row_in_group_) + ")";
}

Status ArrowReader::open(const std::string& path, const files::ReaderPosition& from,
                         std::uint64_t) {
  path_ = path;
  position_ = from;
  if (Status opened = open_file(); !opened) return opened;
  if (Status chosen = choose_columns(); !chosen) return chosen;
  return go_to(from.ordinal);
}

Status ArrowReader::open_file() {
  file_ = std::make_unique<File>();
  const ::arrow::Status status = caught([this] {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<::arrow::io::ReadableFile> input,
                          ::arrow::io::ReadableFile::Open(path_));
    ::parquet::ReaderProperties pages = ::parquet::default_reader_properties();
    pages.enable_buffered_stream();
    pages.set_buffer_size(kReadBufferBytes);
    ::parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(std::move(input), pages));
    ::parquet::ArrowReaderProperties columns(/*use_threads=*/false);
    columns.set_pre_buffer(false);
    columns.set_arrow_extensions_enabled(true);
    // In nanoseconds, which is what they are, 64 bits hold the years 1677 to 2262 alone.
    columns.set_coerce_int96_timestamp_unit(::arrow::TimeUnit::MICRO);
    builder.properties(columns);
    ARROW_RETURN_NOT_OK(builder.Build(&file_->reader));
    file_->metadata = file_->reader->parquet_reader()->metadata();
    for (int row_group = 0; row_group < file_->metadata->num_row_groups(); ++row_group) {
      file_->rows += file_->rows_of(row_group);
    }
    return ::arrow::Status::OK();
  });
  if (status.ok()) return Status();
  if (::arrow::internal::ErrnoFromStatus(status) != 0) {
    return Status::run_fault(
        StatusCode::unavailable,
        path_ + ": cannot be read (" + reason_of(status) + "); check the disk and start again");
  }
  return Status::run_fault(
      StatusCode::invalid_argument,
      path_ + ": expected a whole Parquet file without encryption, came another (" +
          reason_of(status) + "); write it again, or say what it holds with `format:`");
}

Status ArrowReader::choose_columns() {
  std::shared_ptr<::arrow::Schema> schema;
  const ::arrow::Status status =
      caught([this, &schema] { return file_->reader->GetSchema(&schema); });
  if (!status.ok()) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        path_ + ": its columns cannot be understood (" + reason_of(status) + ")");
  }
  std::set<std::string> names;
  for (const std::shared_ptr<::arrow::Field>& field : schema->fields()) {
    const bool is_read =
        columns_.empty() || std::count(columns_.begin(), columns_.end(), field->name());
    if (!is_read) continue;
    if (Status named = check_names(*field); !named) {
      return Status::run_fault(named.code(), path_ + ": " + named.message());
    }
    if (!names.insert(field->name()).second) {
      return Status::run_fault(
          StatusCode::invalid_argument,
          path_ + ": has two columns called " + field->name() +
              ", of which a record could hold one; write the file with other names");
    }
    if (Status readable = check_readable(*field->type(), field->name()); !readable) {
      return Status::run_fault(readable.code(), path_ + ": " + readable.message());
    }
  }
  for (const std::string& column : columns_) {
    if (names.contains(column)) continue;
    std::string all;
    for (const std::string& name : schema->field_names())
      all += (all.empty() ? "" : ", ") + as_utf8(name);
    return Status::run_fault(
        StatusCode::invalid_argument,
        path_ + ": `columns` names " + column + ", which is not there; there are: " + all);
  }
  const ::parquet::SchemaDescriptor& leaves = *file_->metadata->schema();
  for (int leaf = 0; leaf < leaves.num_columns(); ++leaf) {
    if (names.contains(leaves.GetColumnRoot(leaf)->name())) file_->leaves.push_back(leaf);
  }
  return check_encryption();
}

// The footer of such a file may be plain, and so may other columns.
Status ArrowReader::check_encryption() const {
  if (!file_->metadata->is_encryption_algorithm_set()) return Status();
  for (int row_group = 0; row_group < file_->metadata->num_row_groups(); ++row_group) {
    for (const int leaf : file_->leaves) {
      const ::arrow::Status plain = caught([&] {
        const auto column = file_->metadata->RowGroup(row_group)->ColumnChunk(leaf);
        return column->crypto_metadata() == nullptr ? ::arrow::Status::OK()
                                                    : ::arrow::Status::Invalid("encrypted");
      });
      if (plain.ok()) continue;
      return Status::run_fault(
          StatusCode::invalid_argument,
          path_ + ": expected columns without encryption, came " +
              file_->metadata->schema()->GetColumnRoot(leaf)->name() +
              ", which is encrypted; write the file again without, or name the other columns "
              "with `columns`");
    }
  }
  return Status();
}

Status ArrowReader::go_to(std::uint64_t ordinal) {
  const int row_groups = file_->metadata->num_row_groups();
  std::uint64_t rows_before = 0;
  bytes_before_ = 0;
  for (row_group_ = 0; row_group_ < row_groups; ++row_group_) {
    const std::uint64_t rows = file_->rows_of(row_group_);
    if (ordinal < rows_before + rows) break;
    rows_before += rows;
    bytes_before_ += file_->bytes_of(row_group_);
  }
  position_.ordinal = rows_before;
  row_in_group_ = 0;
  if (ordinal == rows_before) return Status();
  if (row_group_ == row_groups) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        path_ +
            ": the earlier start had read more rows than are there now; put the input "
            "back as it was, or start with --fresh");
  }
  while (position_.ordinal < ordinal) {
    Result<bool> more = next_batch();
    if (!more) return more.status();
    if (!*more) return Status();  // next() says what is wrong with the file
    const std::uint64_t left = ordinal - position_.ordinal;
    const std::uint64_t passed = std::min(left, static_cast<std::uint64_t>(rows_in_batch_));
    row_in_batch_ = static_cast<std::int64_t>(passed);
    position_.ordinal += passed;
    row_in_group_ += passed;
  }
  return Status();
}

Status ArrowReader::begin_row_group() {
  const ::arrow::Status status = caught([&] {
    file_->reader->set_batch_size(kFirstDecodedRows);
    ARROW_ASSIGN_OR_RAISE(file_->batches,
                          file_->reader->GetRecordBatchReader({row_group_}, file_->leaves));
    return ::arrow::Status::OK();
  });
  if (status.ok()) return Status();
  return Status::run_fault(StatusCode::invalid_data,
                           place() + ": cannot be read (" + reason_of(status) +
                               "); the file is damaged: put a whole one there");
}

Result<bool> ArrowReader::next_batch() {
  if (!file_->batches) {
    if (Status begun = begin_row_group(); !begun) return begun;
  }
  cells_.clear();  // first, so that memory never holds two batches
  std::shared_ptr<::arrow::RecordBatch> batch;
  const ::arrow::Status status = caught([&] { return file_->batches->ReadNext(&batch); });
  if (!status.ok()) {
    return Status::run_fault(
        StatusCode::invalid_data,
        place() + ": cannot be read (" + reason_of(status) +
            "), and so neither can what follows in the row group; the file is damaged: put "
            "a whole one there");
  }
  row_in_batch_ = 0;
  rows_in_batch_ = batch ? batch->num_rows() : 0;
  if (!batch) return false;
  const std::int64_t row_bytes = decoded_bytes(*batch) / std::max<std::int64_t>(1, rows_in_batch_);
  file_->reader->set_batch_size(
      std::clamp<std::int64_t>(kDecodedBytes / std::max<std::int64_t>(1, row_bytes), 1,
                               std::min(kMaxDecodedRows, kBatchGrowth * rows_in_batch_)));
  for (int i = 0; i < batch->num_columns(); ++i) {
    cells_.emplace_back(batch->column_name(i), batch->column(i));
  }
  std::sort(cells_.begin(), cells_.end(),
            [](const CellReader& a, const CellReader& b) { return a.name() < b.name(); });
  return true;
}

Result<Json> ArrowReader::row_of_batch() {
  Json::object_t fields;
  Status problem;
  for (const CellReader& cell : cells_) {
    Json& value = fields.emplace_hint(fields.end(), cell.name(), nullptr)->second;
    if (Status read = cell.read(row_in_batch_, value); !read) {
      problem = Status(read.code(), place() + ": " + read.message());
      if (read.raw()) problem = std::move(problem).with_raw(*read.raw());
      break;
    }
  }
  row_in_batch_ += 1;
  row_in_group_ += 1;
  position_.ordinal += 1;
  position_.stage = files::ReaderPosition::Stage::inside;
  if (!problem) return problem;
  return Json(std::move(fields));
}

Result<std::uint64_t> ArrowReader::skip(std::uint64_t most) {
  if (!broken_) return broken_;
  const std::uint64_t skipped = std::min(most, file_->rows - position_.ordinal);
  if (skipped == 0) return skipped;
  position_.ordinal += skipped;
  position_.stage = files::ReaderPosition::Stage::inside;
  is_behind_ = true;
  return skipped;
}

Status ArrowReader::catch_up() {
  is_behind_ = false;
  file_->batches.reset();
  row_in_batch_ = rows_in_batch_ = 0;
  return go_to(position_.ordinal);
}

Result<std::optional<Json>> ArrowReader::next() {
  if (!broken_) return broken_;
  if (is_behind_) {
    if (Status there = catch_up(); !there) return broken_ = there;
  }
  while (row_in_batch_ == rows_in_batch_) {
    if (row_group_ == file_->metadata->num_row_groups()) return std::optional<Json>();
    Result<bool> more = next_batch();
    if (!more) return broken_ = more.status();
    if (*more) continue;
    if (row_in_group_ != file_->rows_of(row_group_)) {
      return broken_ = Status::run_fault(
                 StatusCode::invalid_data,
                 place() + ": expected " + std::to_string(file_->rows_of(row_group_)) +
                     " rows in this row group, came its end; the file is damaged: put a "
                     "whole one there");
    }
    bytes_before_ += file_->bytes_of(row_group_);
    row_group_ += 1;
    row_in_group_ = 0;
    file_->batches.reset();
  }
  Result<Json> row = row_of_batch();
  if (!row) return row.status();
  return std::optional<Json>(std::move(*row));
}

std::uint64_t ArrowReader::file_offset() const {
  if (!file_ || !file_->metadata) return 0;
  if (row_group_ >= file_->metadata->num_row_groups()) return bytes_before_;
  const double share = static_cast<double>(row_in_group_) /
                       static_cast<double>(std::max<std::uint64_t>(1, file_->rows_of(row_group_)));
  return bytes_before_ +
         static_cast<std::uint64_t>(share * static_cast<double>(file_->bytes_of(row_group_)));
}

}  // namespace rare::parquet
