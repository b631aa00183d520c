#include "parquet_file.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/io_util.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "cell_writer.h"
#include "plugins/files/output_file.h"

namespace rare::parquet {
namespace {

// Bytes of rows as JSON: what is given to Arrow at once, and what a row group holds.
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::size_t kRowGroupBytes = std::size_t{64} << 20;

::arrow::Compression::type codec_of(const std::string& name) {
  static constexpr std::pair<std::string_view, ::arrow::Compression::type> kCodecs[] = {
      {"none", ::arrow::Compression::UNCOMPRESSED}, {"snappy", ::arrow::Compression::SNAPPY},
      {"gzip", ::arrow::Compression::GZIP},         {"lz4", ::arrow::Compression::LZ4},
      {"brotli", ::arrow::Compression::BROTLI},
  };
  for (const auto& [known, codec] : kCodecs) {
    if (name == known) return codec;
  }
  return ::arrow::Compression::ZSTD;
}

}  // namespace

struct ParquetFile::File {
  std::string path;
  std::shared_ptr<::arrow::Schema> schema;
  std::shared_ptr<::arrow::io::OutputStream> output;
  std::unique_ptr<::parquet::arrow::FileWriter> writer;
  std::vector<std::unique_ptr<::arrow::ArrayBuilder>> builders;
  std::vector<CellWriter> cells;
  std::size_t batch_bytes = 0, row_group_bytes = 0;
  std::int64_t batch_rows = 0;
  std::uint64_t rows = 0;

  ::arrow::Status open(const std::vector<NamedType>& columns, ::arrow::Compression::type codec);
  ::arrow::Status write_batch();
  ::arrow::Status close();
  template <class Call>
  Status attempt(const std::string& what, const Call& call) const;
};

// Arrow reports most errors, and throws some.
template <class Call>
Status ParquetFile::File::attempt(const std::string& what, const Call& call) const {
  std::string reason;
  try {
    const ::arrow::Status status = call();
    if (status.ok()) return Status();
    if (const int error = ::arrow::internal::ErrnoFromStatus(status); error != 0) {
      return files::file_failure(path, what, error);
    }
    reason = status.message();
  } catch (const std::exception& error) {
    reason = error.what();
  }
  return Status::run_fault(StatusCode::internal, path + ": " + what + " failed: " + reason);
}

::arrow::Status ParquetFile::File::open(const std::vector<NamedType>& columns,
                                        ::arrow::Compression::type codec) {
  ::arrow::MemoryPool* const pool = ::arrow::default_memory_pool();
  ::arrow::FieldVector fields;
  for (const NamedType& column : columns) {
    fields.push_back(::arrow::field(column.name, type_in_file(column.type)));
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<::arrow::ArrayBuilder> builder,
                          ::arrow::MakeBuilder(stored_type(column.type), pool));
    cells.emplace_back(column.type, *builder);
    builders.push_back(std::move(builder));
  }
  schema = ::arrow::schema(std::move(fields));
  ARROW_ASSIGN_OR_RAISE(output, ::arrow::io::FileOutputStream::Open(path));
  const auto settings = ::parquet::WriterProperties::Builder().compression(codec)->build();
  return ::parquet::arrow::FileWriter::Open(*schema, pool, output, settings).Value(&writer);
}

::arrow::Status ParquetFile::File::write_batch() {
  if (batch_rows == 0) return ::arrow::Status::OK();
  ::arrow::ArrayVector arrays;
  for (std::size_t i = 0; i < builders.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<::arrow::Array> array, builders[i]->Finish());
    arrays.push_back(as_in_file(array, schema->field(static_cast<int>(i))->type()));
  }
  if (row_group_bytes == 0) ARROW_RETURN_NOT_OK(writer->NewBufferedRowGroup());
  ARROW_RETURN_NOT_OK(
      writer->WriteRecordBatch(*::arrow::RecordBatch::Make(schema, batch_rows, std::move(arrays))));
  row_group_bytes += batch_bytes;
  if (row_group_bytes >= kRowGroupBytes) row_group_bytes = 0;
  batch_bytes = 0;
  batch_rows = 0;
  return ::arrow::Status::OK();
}

::arrow::Status ParquetFile::File::close() {
  ARROW_RETURN_NOT_OK(writer->Close());
  return output->Close();
}

ParquetFile::ParquetFile(const files::WriteSettings& settings, std::vector<NamedType> declared)
    : first_columns_(settings.fields),
      declared_(std::move(declared)),
      compression_(settings.compression) {}

ParquetFile::~ParquetFile() = default;

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

Status ParquetFile::survey(std::string_view row) {
  Result<simdjson::dom::element> object = parsed(row);
  if (!object) return object.status();
  rows_.add(*object);
  return Status();
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
  file_ = std::make_unique<File>();
  file_->path = path;
  return file_->attempt("opening the file",
                        [this] { return file_->open(columns_, codec_of(compression_)); });
}

Status ParquetFile::add(std::string_view row) {
  Result<simdjson::dom::element> object = parsed(row);
  if (!object) return object.status();
  Status added =
      file_->attempt("taking row " + std::to_string(file_->rows), [&]() -> ::arrow::Status {
        return CellWriter::append_fields(object->get_object().value_unsafe(), columns_,
                                         file_->cells);
      });
  if (!added) return added;
  file_->rows += 1;
  file_->batch_rows += 1;
  file_->batch_bytes += row.size() + 1;
  return file_->batch_bytes >= kBatchBytes ? write_batch() : Status();
}

Status ParquetFile::write_batch() {
  return file_->attempt("writing", [this] { return file_->write_batch(); });
}

Status ParquetFile::close() {
  Status written = write_batch();
  if (written) written = file_->attempt("writing", [this] { return file_->close(); });
  file_.reset();
  return written;
}

}  // namespace rare::parquet
