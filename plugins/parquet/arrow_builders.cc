#include "arrow_builders.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension/json.h>
#include <arrow/extension_type.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>
#include <arrow/util/io_util.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calendar_text.h"

namespace rare::parquet {
namespace {

using Kind = ColumnType::Kind;

// Of rows as JSON: what is given to Arrow at once, and what a row group holds. Values are counted,
// too, as many of them may be null, of which a row as JSON shows nothing.
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::size_t kBatchValues = std::size_t{1} << 20;
constexpr std::size_t kRowGroupBytes = std::size_t{64} << 20;
// What a value counts for at least in a row group.
constexpr std::size_t kValueBytes = 8;

// How a column stands in memory (`is_stored`) and in the file.
std::shared_ptr<::arrow::DataType> arrow_type(const ColumnType& type, bool is_stored) {
  const auto part = [&](std::size_t i) { return arrow_type(type.parts[i].type, is_stored); };
  switch (type.kind) {
    case Kind::boolean:
      return ::arrow::boolean();
    case Kind::int32:
      return ::arrow::int32();
    case Kind::int64:
      return ::arrow::int64();
    case Kind::uint64:
      return ::arrow::uint64();
    case Kind::float32:
      return ::arrow::float32();
    case Kind::float64:
      return ::arrow::float64();
    case Kind::text:
      return ::arrow::utf8();
    case Kind::json:
      return is_stored ? ::arrow::utf8() : ::arrow::extension::json();
    case Kind::binary:
      return ::arrow::binary();
    case Kind::date:
      return ::arrow::date32();
    case Kind::time:
      return ::arrow::time64(::arrow::TimeUnit::MICRO);
    case Kind::timestamp:
      return ::arrow::timestamp(::arrow::TimeUnit::MICRO, "UTC");
    case Kind::decimal:
      return ::arrow::decimal128(type.precision, type.scale);
    case Kind::list:
      return ::arrow::list(::arrow::field("element", part(0)));
    case Kind::map:
      return ::arrow::map(::arrow::utf8(), part(0));
    case Kind::structure:
      break;
  }
  ::arrow::FieldVector fields;
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    fields.push_back(::arrow::field(type.parts[i].name, part(i)));
  }
  return ::arrow::struct_(std::move(fields));
}

// The same bytes under the types that the file has for them.
std::shared_ptr<::arrow::ArrayData> retyped(const ::arrow::ArrayData& stored,
                                            const std::shared_ptr<::arrow::DataType>& type) {
  std::shared_ptr<::arrow::ArrayData> data = stored.Copy();
  data->type = type;
  if (type->id() == ::arrow::Type::EXTENSION) return data;
  for (std::size_t i = 0; i < data->child_data.size(); ++i) {
    data->child_data[i] = retyped(*stored.child_data[i], type->field(static_cast<int>(i))->type());
  }
  return data;
}

// Whether a number is one of the type, apart from a fraction.
template <class Integer>
bool holds(double value) {
  return value >= static_cast<double>(std::numeric_limits<Integer>::min()) &&
         value < static_cast<double>(std::numeric_limits<Integer>::max());
}

class ArrowCell final : public CellWriter {
 public:
  // `builder` is of what the column stores; `taken` counts values. All outlive this.
  ArrowCell(const ColumnType& type, ::arrow::ArrayBuilder& builder, std::size_t& taken);

  bool add_null() override {
    taken_ += leaves_;
    return builder_.AppendNull().ok();
  }
  bool add_boolean(bool value) override {
    taken_ += 1;
    return type_.kind == Kind::boolean && as<::arrow::BooleanBuilder>().Append(value).ok();
  }
  bool add_integer(std::int64_t value) override;
  bool add_unsigned(std::uint64_t value) override;
  bool add_number(double value) override;
  bool add_text(std::string_view value) override;
  bool begin_parts() override;
  bool begin_key(std::string_view key) override {
    return as<::arrow::StringBuilder>(*as<::arrow::MapBuilder>().key_builder()).Append(key).ok();
  }
  CellWriter& part(std::size_t number) override { return parts_[number]; }
  // Values that a null is, in all parts of a structure.
  std::size_t leaves() const { return leaves_; }

 private:
  template <class Builder>
  Builder& as() {
    return static_cast<Builder&>(builder_);
  }
  template <class Builder>
  static Builder& as(::arrow::ArrayBuilder& builder) {
    return static_cast<Builder&>(builder);
  }
  bool add_bytes(std::string_view base64);
  bool add_decimal(std::string_view text);
  template <class Builder, class Units>
  bool add_units(const std::optional<Units>& units) {
    return units && as<Builder>().Append(*units).ok();
  }

  const ColumnType& type_;
  ::arrow::ArrayBuilder& builder_;
  std::size_t& taken_;
  std::size_t leaves_ = 1;
  std::vector<ArrowCell> parts_;
};

ArrowCell::ArrowCell(const ColumnType& type, ::arrow::ArrayBuilder& builder, std::size_t& taken)
    : type_(type), builder_(builder), taken_(taken) {
  if (type.kind == Kind::list) {
    parts_.emplace_back(type.parts[0].type, *as<::arrow::ListBuilder>().value_builder(), taken);
  } else if (type.kind == Kind::map) {
    parts_.emplace_back(type.parts[0].type, *as<::arrow::MapBuilder>().item_builder(), taken);
  } else if (type.kind == Kind::structure) {
    parts_.reserve(type.parts.size());
    leaves_ = 0;
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      parts_.emplace_back(type.parts[i].type,
                          *as<::arrow::StructBuilder>().field_builder(static_cast<int>(i)), taken);
      leaves_ += parts_.back().leaves();
    }
  }
}

bool ArrowCell::add_integer(std::int64_t value) {
  taken_ += 1;
  switch (type_.kind) {
    case Kind::int32:
      return std::in_range<std::int32_t>(value) &&
             as<::arrow::Int32Builder>().Append(static_cast<std::int32_t>(value)).ok();
    case Kind::int64:
      return as<::arrow::Int64Builder>().Append(value).ok();
    case Kind::uint64:
      return value >= 0 &&
             as<::arrow::UInt64Builder>().Append(static_cast<std::uint64_t>(value)).ok();
    case Kind::float32:
      return as<::arrow::FloatBuilder>().Append(static_cast<float>(value)).ok();
    case Kind::float64:
      return as<::arrow::DoubleBuilder>().Append(static_cast<double>(value)).ok();
    case Kind::decimal:
      return add_decimal(std::to_string(value));
    default:
      return false;
  }
}

bool ArrowCell::add_unsigned(std::uint64_t value) {
  if (std::in_range<std::int64_t>(value)) return add_integer(static_cast<std::int64_t>(value));
  taken_ += 1;
  if (type_.kind == Kind::decimal) return add_decimal(std::to_string(value));
  return type_.kind == Kind::uint64 && as<::arrow::UInt64Builder>().Append(value).ok();
}

// Whole numbers may be written with a fraction of zero.
bool ArrowCell::add_number(double value) {
  switch (type_.kind) {
    case Kind::int32:
    case Kind::int64:
      return holds<std::int64_t>(value) && add_integer(static_cast<std::int64_t>(value));
    case Kind::uint64:
      return holds<std::uint64_t>(value) && add_unsigned(static_cast<std::uint64_t>(value));
    case Kind::float32:
      taken_ += 1;
      return as<::arrow::FloatBuilder>().Append(static_cast<float>(value)).ok();
    case Kind::float64:
      taken_ += 1;
      return as<::arrow::DoubleBuilder>().Append(value).ok();
    default:
      return false;
  }
}

bool ArrowCell::add_text(std::string_view value) {
  taken_ += 1;
  switch (type_.kind) {
    case Kind::text:
    case Kind::json:
      return as<::arrow::StringBuilder>().Append(value).ok();
    case Kind::binary:
      return add_bytes(value);
    case Kind::date:
      return add_units<::arrow::Date32Builder>(days_of_date(value));
    case Kind::time:
      return add_units<::arrow::Time64Builder>(microseconds_of_time(value));
    case Kind::timestamp:
      return add_units<::arrow::TimestampBuilder>(microseconds_of_timestamp(value));
    case Kind::decimal:
      return add_decimal(value);
    default:
      return false;
  }
}

bool ArrowCell::add_bytes(std::string_view base64) {
  const ::arrow::Result<std::string> bytes = ::arrow::util::base64_decode(base64);
  return bytes.ok() && as<::arrow::BinaryBuilder>().Append(*bytes).ok();
}

// Arrow counts them as digits, of which there may be 38.
std::string without_needless_zeros(std::string_view decimal) {
  std::string sign;
  if (decimal.starts_with('-') || decimal.starts_with('+')) {
    sign = decimal.substr(0, 1);
    decimal.remove_prefix(1);
  }
  if (decimal.find('.') != std::string_view::npos) {
    while (decimal.ends_with('0')) decimal.remove_suffix(1);
    if (decimal.ends_with('.')) decimal.remove_suffix(1);
  }
  while (decimal.size() > 1 && decimal[0] == '0' && decimal[1] != '.') decimal.remove_prefix(1);
  return sign + std::string(decimal);
}

bool ArrowCell::add_decimal(std::string_view text) {
  ::arrow::Decimal128 number;
  std::int32_t precision = 0, scale = 0;
  if (!::arrow::Decimal128::FromString(without_needless_zeros(text), &number, &precision, &scale)
           .ok())
    return false;
  const ::arrow::Result<::arrow::Decimal128> scaled = number.Rescale(scale, type_.scale);
  return scaled.ok() && scaled->FitsInPrecision(type_.precision) &&
         as<::arrow::Decimal128Builder>().Append(*scaled).ok();
}

bool ArrowCell::begin_parts() {
  switch (type_.kind) {
    case Kind::list:
      taken_ += 1;
      return as<::arrow::ListBuilder>().Append().ok();
    case Kind::map:
      taken_ += 1;
      return as<::arrow::MapBuilder>().Append().ok();
    case Kind::structure:
      return as<::arrow::StructBuilder>().Append().ok();
    default:
      return false;
  }
}

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

// Arrow reports most errors, and throws some.
template <class Call>
std::optional<FileProblem> problem_of(const Call& call) {
  try {
    const ::arrow::Status status = call();
    if (status.ok()) return std::nullopt;
    return FileProblem{::arrow::internal::ErrnoFromStatus(status), status.message()};
  } catch (const std::exception& error) {
    return FileProblem{0, error.what()};
  }
}

class ArrowFile final : public TypedFile {
 public:
  std::optional<FileProblem> open(const std::string& path, const std::vector<NamedType>& columns,
                                  const std::string& compression) override {
    return problem_of([&] { return begin(path, columns, codec_of(compression)); });
  }
  std::vector<CellWriter*> cells() override;
  std::optional<FileProblem> end_row(std::size_t size_bytes) override {
    batch_rows_ += 1;
    batch_bytes_ += size_bytes;
    if (batch_bytes_ < kBatchBytes && batch_values_ < kBatchValues) return std::nullopt;
    return problem_of([this] { return write_batch(); });
  }
  std::optional<FileProblem> close() override {
    return problem_of([this] { return end(); });
  }

 private:
  ::arrow::Status begin(const std::string& path, const std::vector<NamedType>& columns,
                        ::arrow::Compression::type codec);
  ::arrow::Status write_batch();
  ::arrow::Status end();

  std::shared_ptr<::arrow::Schema> schema_;
  std::shared_ptr<::arrow::io::OutputStream> output_;
  std::unique_ptr<::parquet::arrow::FileWriter> writer_;
  std::vector<std::unique_ptr<::arrow::ArrayBuilder>> builders_;
  std::vector<std::unique_ptr<ArrowCell>> cells_;
  std::size_t batch_bytes_ = 0, batch_values_ = 0, row_group_bytes_ = 0;
  std::int64_t batch_rows_ = 0;
};

::arrow::Status ArrowFile::begin(const std::string& path, const std::vector<NamedType>& columns,
                                 ::arrow::Compression::type codec) {
  ::arrow::MemoryPool* const pool = ::arrow::default_memory_pool();
  ::arrow::FieldVector fields;
  for (const NamedType& column : columns) {
    fields.push_back(::arrow::field(column.name, arrow_type(column.type, false)));
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<::arrow::ArrayBuilder> builder,
                          ::arrow::MakeBuilder(arrow_type(column.type, true), pool));
    cells_.push_back(std::make_unique<ArrowCell>(column.type, *builder, batch_values_));
    builders_.push_back(std::move(builder));
  }
  schema_ = ::arrow::schema(std::move(fields));
  ARROW_ASSIGN_OR_RAISE(output_, ::arrow::io::FileOutputStream::Open(path));
  const auto settings = ::parquet::WriterProperties::Builder().compression(codec)->build();
  return ::parquet::arrow::FileWriter::Open(*schema_, pool, output_, settings).Value(&writer_);
}

std::vector<CellWriter*> ArrowFile::cells() {
  std::vector<CellWriter*> cells;
  for (const std::unique_ptr<ArrowCell>& cell : cells_) cells.push_back(cell.get());
  return cells;
}

::arrow::Status ArrowFile::write_batch() {
  if (batch_rows_ == 0) return ::arrow::Status::OK();
  ::arrow::ArrayVector arrays;
  for (std::size_t i = 0; i < builders_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<::arrow::Array> array, builders_[i]->Finish());
    const auto& type = schema_->field(static_cast<int>(i))->type();
    arrays.push_back(::arrow::MakeArray(retyped(*array->data(), type)));
  }
  if (row_group_bytes_ == 0) ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
  ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(
      *::arrow::RecordBatch::Make(schema_, batch_rows_, std::move(arrays))));
  row_group_bytes_ += std::max(batch_bytes_, batch_values_ * kValueBytes);
  if (row_group_bytes_ >= kRowGroupBytes) row_group_bytes_ = 0;
  batch_bytes_ = batch_values_ = 0;
  batch_rows_ = 0;
  return ::arrow::Status::OK();
}

::arrow::Status ArrowFile::end() {
  ARROW_RETURN_NOT_OK(write_batch());
  ARROW_RETURN_NOT_OK(writer_->Close());
  return output_->Close();
}

}  // namespace

std::unique_ptr<TypedFile> make_arrow_file() { return std::make_unique<ArrowFile>(); }

}  // namespace rare::parquet
