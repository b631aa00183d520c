#include "arrow_cells.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/float16.h>
#include <arrow/util/utf8.h>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "calendar_text.h"

namespace rare::parquet {
namespace {

using Type = ::arrow::Type;

// Storage and meaning of a type: extension types are read as what they store.
const ::arrow::DataType& stored(const ::arrow::DataType& type) {
  if (type.id() != Type::EXTENSION) return type;
  return *static_cast<const ::arrow::ExtensionType&>(type).storage_type();
}

bool is_extension(const ::arrow::DataType& type, std::string_view name) {
  return type.id() == Type::EXTENSION &&
         static_cast<const ::arrow::ExtensionType&>(type).extension_name() == name;
}

constexpr std::size_t kMaxRawBytes = std::size_t{1} << 20;
// Objects and arrays within each other, as in every other format (docs/formats/files.md).
constexpr int kMaxNesting = 1000;
constexpr std::int64_t kMillisecondsPerDay = 86'400'000;

template <class TypeWithUnit>
std::int64_t units_per_second(const ::arrow::Array& array) {
  switch (static_cast<const TypeWithUnit&>(*array.type()).unit()) {
    case ::arrow::TimeUnit::SECOND:
      return 1;
    case ::arrow::TimeUnit::MILLI:
      return 1'000;
    case ::arrow::TimeUnit::MICRO:
      return 1'000'000;
    case ::arrow::TimeUnit::NANO:
      break;
  }
  return 1'000'000'000;
}

template <class Array>
auto number_at(const ::arrow::Array& array, std::int64_t row) {
  return static_cast<const Array&>(array).Value(row);
}

// JSON has no such numbers: their names are written as text.
Json number_or_name(double number) {
  if (std::isfinite(number)) return number;
  if (std::isnan(number)) return "NaN";
  return number > 0 ? "Infinity" : "-Infinity";
}

std::string uuid_text(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(bytes[i]));
    text += digits;
  }
  return text;
}

std::string_view bytes_at(const ::arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case Type::STRING:
    case Type::BINARY:
      return static_cast<const ::arrow::BinaryArray&>(array).GetView(row);
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
      return static_cast<const ::arrow::LargeBinaryArray&>(array).GetView(row);
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      return static_cast<const ::arrow::BinaryViewArray&>(array).GetView(row);
    default:
      return static_cast<const ::arrow::FixedSizeBinaryArray&>(array).GetView(row);
  }
}

// Of text that may be no JSON.
bool is_nested_deeper(std::string_view text, int limit) {
  int depth = 0;
  bool is_within_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      is_within_text = !is_within_text;
    } else if (is_within_text) {
      i += c == '\\' ? 1 : 0;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

bool has_number(Type::type id) {
  switch (id) {
    case Type::BOOL:
    case Type::UINT8:
    case Type::INT8:
    case Type::UINT16:
    case Type::INT16:
    case Type::UINT32:
    case Type::INT32:
    case Type::UINT64:
    case Type::INT64:
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
      return true;
    default:
      return false;
  }
}

// Types of one value that are read as text, or not at all.
bool has_text(Type::type id) {
  switch (id) {
    case Type::NA:
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return true;
    default:
      return false;
  }
}

bool has_parts(Type::type id) {
  switch (id) {
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
    case Type::FIXED_SIZE_LIST:
    case Type::MAP:
    case Type::STRUCT:
      return true;
    default:
      return false;
  }
}

// The arrays below one, each with the name that messages have for it.
std::vector<std::pair<std::string, std::shared_ptr<::arrow::Array>>> parts_of(
    const ::arrow::Array& array, const std::string& name) {
  switch (array.type_id()) {
    case Type::LIST:
      return {{name + "[]", static_cast<const ::arrow::ListArray&>(array).values()}};
    case Type::LARGE_LIST:
      return {{name + "[]", static_cast<const ::arrow::LargeListArray&>(array).values()}};
    case Type::LIST_VIEW:
      return {{name + "[]", static_cast<const ::arrow::ListViewArray&>(array).values()}};
    case Type::LARGE_LIST_VIEW:
      return {{name + "[]", static_cast<const ::arrow::LargeListViewArray&>(array).values()}};
    case Type::FIXED_SIZE_LIST:
      return {{name + "[]", static_cast<const ::arrow::FixedSizeListArray&>(array).values()}};
    case Type::MAP: {
      const auto& map = static_cast<const ::arrow::MapArray&>(array);
      return {{name + " (key)", map.keys()}, {name + " (value)", map.items()}};
    }
    case Type::DICTIONARY:
      return {{name, static_cast<const ::arrow::DictionaryArray&>(array).dictionary()}};
    case Type::STRUCT: {
      const auto& structure = static_cast<const ::arrow::StructArray&>(array);
      std::vector<std::pair<std::string, std::shared_ptr<::arrow::Array>>> fields;
      for (int i = 0; i < structure.num_fields(); ++i) {
        fields.emplace_back(structure.type()->field(i)->name(), structure.field(i));
      }
      return fields;
    }
    default:
      return {};
  }
}

}  // namespace

Status check_readable(const ::arrow::DataType& type, const std::string& column) {
  const ::arrow::DataType& kind = stored(type);
  if (has_number(kind.id()) || has_text(kind.id())) return Status();
  if (kind.id() == Type::DICTIONARY) {
    const auto& dictionary = static_cast<const ::arrow::DictionaryType&>(kind);
    return check_readable(*dictionary.value_type(), column);
  }
  if (!has_parts(kind.id())) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "column " + column + " is of the type " + type.ToString() +
                                 ", which cannot be read as JSON; leave it out with `columns`");
  }
  std::set<std::string_view> names;
  for (const std::shared_ptr<::arrow::Field>& part : kind.fields()) {
    if (!names.insert(part->name()).second && kind.id() == Type::STRUCT) {
      return Status::run_fault(
          StatusCode::invalid_argument,
          "column " + column + " has two fields called " + part->name() +
              ", of which an object could hold one; leave the column out with `columns`, or write "
              "the file with other names");
    }
    Status readable = check_readable(*part->type(), column + "." + part->name());
    if (!readable) return readable;
  }
  return Status();
}

CellReader::CellReader(std::string name, std::shared_ptr<::arrow::Array> column, int depth)
    : name_(std::move(name)),
      is_json_(is_extension(*column->type(), "arrow.json")),
      is_uuid_(is_extension(*column->type(), "arrow.uuid")),
      depth_(depth) {
  column_ = column->type_id() == Type::EXTENSION
                ? static_cast<const ::arrow::ExtensionArray&>(*column).storage()
                : std::move(column);
  const Type::type kind = column_->type_id();
  // A map may become an array of objects.
  const int levels = kind == Type::DICTIONARY ? 0 : kind == Type::MAP ? 2 : 1;
  for (auto& [part, array] : parts_of(*column_, name_)) {
    parts_.emplace_back(std::move(part), std::move(array), depth_ + levels);
  }
}

Status CellReader::unreadable(const std::string& expected, const std::string& came) const {
  return Status(StatusCode::invalid_data,
                "column " + name_ + ": expected " + expected + ", came " + came);
}

template <class Array>
Status CellReader::read_list_of(std::int64_t row, Json& value) const {
  const auto& list = static_cast<const Array&>(*column_);
  return read_list(list.value_offset(row), list.value_length(row), value);
}

Status CellReader::read(std::int64_t row, Json& value) const {
  const ::arrow::Array& array = *column_;
  if (array.IsNull(row)) {
    value = nullptr;
    return Status();
  }
  switch (array.type_id()) {
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return read_text(row, value);
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      value = is_uuid_ ? uuid_text(bytes_at(array, row))
                       : ::arrow::util::base64_encode(bytes_at(array, row));
      return Status();
    case Type::DICTIONARY:
      return parts_.front().read(
          static_cast<const ::arrow::DictionaryArray&>(array).GetValueIndex(row), value);
    case Type::DECIMAL32:
      value = static_cast<const ::arrow::Decimal32Array&>(array).FormatValue(row);
      return Status();
    case Type::DECIMAL64:
      value = static_cast<const ::arrow::Decimal64Array&>(array).FormatValue(row);
      return Status();
    case Type::DECIMAL128:
      value = static_cast<const ::arrow::Decimal128Array&>(array).FormatValue(row);
      return Status();
    case Type::DECIMAL256:
      value = static_cast<const ::arrow::Decimal256Array&>(array).FormatValue(row);
      return Status();
    case Type::LIST:
      return read_list_of<::arrow::ListArray>(row, value);
    case Type::LARGE_LIST:
      return read_list_of<::arrow::LargeListArray>(row, value);
    case Type::LIST_VIEW:
      return read_list_of<::arrow::ListViewArray>(row, value);
    case Type::LARGE_LIST_VIEW:
      return read_list_of<::arrow::LargeListViewArray>(row, value);
    case Type::FIXED_SIZE_LIST:
      return read_list_of<::arrow::FixedSizeListArray>(row, value);
    case Type::MAP:
      return read_map(row, value);
    case Type::STRUCT:
      return read_structure(row, value);
    default:
      return has_number(array.type_id()) ? read_number(row, value) : read_moment(row, value);
  }
}

Status CellReader::read_number(std::int64_t row, Json& value) const {
  const ::arrow::Array& array = *column_;
  switch (array.type_id()) {
    case Type::BOOL:
      value = number_at<::arrow::BooleanArray>(array, row);
      break;
    case Type::UINT8:
      value = number_at<::arrow::UInt8Array>(array, row);
      break;
    case Type::INT8:
      value = number_at<::arrow::Int8Array>(array, row);
      break;
    case Type::UINT16:
      value = number_at<::arrow::UInt16Array>(array, row);
      break;
    case Type::INT16:
      value = number_at<::arrow::Int16Array>(array, row);
      break;
    case Type::UINT32:
      value = number_at<::arrow::UInt32Array>(array, row);
      break;
    case Type::INT32:
      value = number_at<::arrow::Int32Array>(array, row);
      break;
    case Type::UINT64:
      value = number_at<::arrow::UInt64Array>(array, row);
      break;
    case Type::INT64:
      value = number_at<::arrow::Int64Array>(array, row);
      break;
    case Type::HALF_FLOAT: {
      const auto bits = number_at<::arrow::HalfFloatArray>(array, row);
      value = number_or_name(::arrow::util::Float16::FromBits(bits).ToDouble());
      break;
    }
    case Type::FLOAT:
      value = number_or_name(number_at<::arrow::FloatArray>(array, row));
      break;
    default:
      value = number_or_name(number_at<::arrow::DoubleArray>(array, row));
  }
  return Status();
}

Status CellReader::read_text(std::int64_t row, Json& value) const {
  const std::string_view text = bytes_at(*column_, row);
  if (!::arrow::util::ValidateUTF8(text)) {
    return unreadable("UTF-8 text", "other bytes")
        .with_raw(std::string(text.substr(0, kMaxRawBytes)));
  }
  if (is_json_) return read_json(text, value);
  value = std::string(text);
  return Status();
}

Status CellReader::read_json(std::string_view text, Json& value) const {
  // Before it is parsed: whatever handles a value goes into it by recursion.
  if (const int room = kMaxNesting - depth_; is_nested_deeper(text, room)) {
    return unreadable(
               "JSON of at most " + std::to_string(room) + " arrays and objects within each other",
               "more of them")
        .with_raw(std::string(text.substr(0, kMaxRawBytes)));
  }
  value = Json::parse(text, nullptr, false);
  if (!value.is_discarded()) return Status();
  return unreadable("JSON, as the column's type says", "other text")
      .with_raw(std::string(text.substr(0, kMaxRawBytes)));
}

Status CellReader::read_moment(std::int64_t row, Json& value) const {
  const ::arrow::Array& array = *column_;
  std::int64_t units = 0;
  std::optional<std::string> text;
  switch (array.type_id()) {
    case Type::DATE32:
      text = date_of_days(units = number_at<::arrow::Date32Array>(array, row));
      break;
    case Type::DATE64:
      units = number_at<::arrow::Date64Array>(array, row);
      text = date_of_days(units / kMillisecondsPerDay - (units % kMillisecondsPerDay < 0 ? 1 : 0));
      break;
    case Type::TIME32:
      units = number_at<::arrow::Time32Array>(array, row);
      text = time_of_units(units, units_per_second<::arrow::Time32Type>(array));
      break;
    case Type::TIME64:
      units = number_at<::arrow::Time64Array>(array, row);
      text = time_of_units(units, units_per_second<::arrow::Time64Type>(array));
      break;
    case Type::DURATION:
      value = number_at<::arrow::DurationArray>(array, row);
      return Status();
    default: {
      const auto& type = static_cast<const ::arrow::TimestampType&>(*array.type());
      units = number_at<::arrow::TimestampArray>(array, row);
      text = timestamp_of_units(units, units_per_second<::arrow::TimestampType>(array),
                                type.timezone().empty() ? "" : "Z");
    }
  }
  if (!text) {
    return unreadable("a time of the years 0 to 9999",
                      std::to_string(units) + " of the type " + array.type()->ToString());
  }
  value = std::move(*text);
  return Status();
}

Status CellReader::read_list(std::int64_t from, std::int64_t count, Json& value) const {
  Json::array_t items(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    Status read = parts_.front().read(from + i, items[static_cast<std::size_t>(i)]);
    if (!read) return read;
  }
  value = std::move(items);
  return Status();
}

Status CellReader::read_structure(std::int64_t row, Json& value) const {
  Json::object_t fields;
  for (const CellReader& part : parts_) {
    if (Status read = part.read(row, fields[part.name_]); !read) return read;
  }
  value = std::move(fields);
  return Status();
}

// An object, when its keys are text; else a list of {key, value}.
Status CellReader::read_map(std::int64_t row, Json& value) const {
  const auto& map = static_cast<const ::arrow::MapArray&>(*column_);
  const std::int64_t from = map.value_offset(row), count = map.value_length(row);
  const Type::type key_type = map.keys()->type_id();
  const bool has_names =
      key_type == Type::STRING || key_type == Type::LARGE_STRING || key_type == Type::STRING_VIEW;
  Json::object_t object;
  Json::array_t pairs;
  for (std::int64_t i = from; i < from + count; ++i) {
    Json key, held;
    if (Status read = parts_[0].read(i, key); !read) return read;
    if (Status read = parts_[1].read(i, held); !read) return read;
    if (!has_names) {
      pairs.push_back(Json{{"key", std::move(key)}, {"value", std::move(held)}});
    } else if (const std::string name = key.get<std::string>();
               !object.emplace(name, std::move(held)).second) {
      return unreadable("a map with different keys", "one that has a key twice: " + name);
    }
  }
  value = has_names ? Json(std::move(object)) : Json(std::move(pairs));
  return Status();
}

}  // namespace rare::parquet
