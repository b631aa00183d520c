#include "cell_writer.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension/json.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "calendar_text.h"

namespace rare::parquet {
namespace {

using Kind = ColumnType::Kind;
using simdjson::dom::element_type;

::arrow::Status does_not_fit(const ColumnType& type) {
  return ::arrow::Status::Invalid("a value that is not of the type ", text_of(type));
}

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

template <class Builder>
Builder& as(::arrow::ArrayBuilder* builder) {
  return static_cast<Builder&>(*builder);
}

// A whole number, also one that is written with a fraction of zero. REQUIRES: it fits.
template <class Integer>
Integer integer_of(simdjson::dom::element value) {
  switch (value.type()) {
    case element_type::INT64:
      return static_cast<Integer>(value.get_int64().value_unsafe());
    case element_type::UINT64:
      return static_cast<Integer>(value.get_uint64().value_unsafe());
    default:
      return static_cast<Integer>(value.get_double().value_unsafe());
  }
}

double number_of(simdjson::dom::element value) {
  switch (value.type()) {
    case element_type::INT64:
      return static_cast<double>(value.get_int64().value_unsafe());
    case element_type::UINT64:
      return static_cast<double>(value.get_uint64().value_unsafe());
    default:
      return value.get_double().value_unsafe();
  }
}

bool is_number(element_type type) {
  return type == element_type::INT64 || type == element_type::UINT64 ||
         type == element_type::DOUBLE;
}

}  // namespace

std::shared_ptr<::arrow::DataType> type_in_file(const ColumnType& type) {
  return arrow_type(type, false);
}

std::shared_ptr<::arrow::DataType> stored_type(const ColumnType& type) {
  return arrow_type(type, true);
}

std::shared_ptr<::arrow::Array> as_in_file(const std::shared_ptr<::arrow::Array>& stored,
                                           const std::shared_ptr<::arrow::DataType>& type) {
  return ::arrow::MakeArray(retyped(*stored->data(), type));
}

CellWriter::CellWriter(const ColumnType& type, ::arrow::ArrayBuilder& builder)
    : type_(&type), builder_(&builder) {
  if (type.kind == Kind::list) {
    parts_.emplace_back(type.parts[0].type, *as<::arrow::ListBuilder>(builder_).value_builder());
  } else if (type.kind == Kind::map) {
    parts_.emplace_back(type.parts[0].type, *as<::arrow::MapBuilder>(builder_).item_builder());
  } else if (type.kind == Kind::structure) {
    parts_.reserve(type.parts.size());
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      parts_.emplace_back(type.parts[i].type,
                          *as<::arrow::StructBuilder>(builder_).field_builder(static_cast<int>(i)));
    }
  }
}

::arrow::Status CellWriter::append_null() { return builder_->AppendNull(); }

::arrow::Status CellWriter::append(simdjson::dom::element value) {
  const element_type came = value.type();
  if (came == element_type::NULL_VALUE) return append_null();
  if (type_->kind == Kind::json) {
    return as<::arrow::StringBuilder>(builder_).Append(simdjson::minify(value));
  }
  if (came == element_type::STRING) return append_text(value.get_string().value_unsafe());
  if (came == element_type::BOOL) {
    if (type_->kind != Kind::boolean) return does_not_fit(*type_);
    return as<::arrow::BooleanBuilder>(builder_).Append(value.get_bool().value_unsafe());
  }
  return is_number(came) ? append_number(value) : append_parts(value);
}

::arrow::Status CellWriter::append_number(simdjson::dom::element value) {
  switch (type_->kind) {
    case Kind::int32:
      return as<::arrow::Int32Builder>(builder_).Append(integer_of<std::int32_t>(value));
    case Kind::int64:
      return as<::arrow::Int64Builder>(builder_).Append(integer_of<std::int64_t>(value));
    case Kind::uint64:
      return as<::arrow::UInt64Builder>(builder_).Append(integer_of<std::uint64_t>(value));
    case Kind::float32:
      return as<::arrow::FloatBuilder>(builder_).Append(static_cast<float>(number_of(value)));
    case Kind::float64:
      return as<::arrow::DoubleBuilder>(builder_).Append(number_of(value));
    case Kind::decimal:
      return append_decimal(simdjson::minify(value));
    default:
      return does_not_fit(*type_);
  }
}

::arrow::Status CellWriter::append_text(std::string_view text) {
  switch (type_->kind) {
    case Kind::text:
      return as<::arrow::StringBuilder>(builder_).Append(text);
    case Kind::binary: {
      ARROW_ASSIGN_OR_RAISE(const std::string bytes, ::arrow::util::base64_decode(text));
      return as<::arrow::BinaryBuilder>(builder_).Append(bytes);
    }
    case Kind::date: {
      const auto days = days_of_date(text);
      return days ? as<::arrow::Date32Builder>(builder_).Append(*days) : does_not_fit(*type_);
    }
    case Kind::time: {
      const auto units = microseconds_of_time(text);
      return units ? as<::arrow::Time64Builder>(builder_).Append(*units) : does_not_fit(*type_);
    }
    case Kind::timestamp: {
      const auto units = microseconds_of_timestamp(text);
      return units ? as<::arrow::TimestampBuilder>(builder_).Append(*units) : does_not_fit(*type_);
    }
    case Kind::decimal:
      return append_decimal(text);
    default:
      return does_not_fit(*type_);
  }
}

::arrow::Status CellWriter::append_decimal(std::string_view text) {
  ::arrow::Decimal128 number;
  std::int32_t precision = 0, scale = 0;
  ARROW_RETURN_NOT_OK(::arrow::Decimal128::FromString(text, &number, &precision, &scale));
  ARROW_ASSIGN_OR_RAISE(number, number.Rescale(scale, type_->scale));
  if (!number.FitsInPrecision(type_->precision)) return does_not_fit(*type_);
  return as<::arrow::Decimal128Builder>(builder_).Append(number);
}

::arrow::Status CellWriter::append_parts(simdjson::dom::element value) {
  if (type_->kind == Kind::list && value.is_array()) {
    ARROW_RETURN_NOT_OK(as<::arrow::ListBuilder>(builder_).Append());
    for (const simdjson::dom::element item : value.get_array().value_unsafe()) {
      ARROW_RETURN_NOT_OK(parts_[0].append(item));
    }
    return ::arrow::Status::OK();
  }
  if (type_->kind == Kind::map && value.is_object()) {
    auto& map = as<::arrow::MapBuilder>(builder_);
    ARROW_RETURN_NOT_OK(map.Append());
    for (const simdjson::dom::key_value_pair field : value.get_object().value_unsafe()) {
      ARROW_RETURN_NOT_OK(as<::arrow::StringBuilder>(map.key_builder()).Append(field.key));
      ARROW_RETURN_NOT_OK(parts_[0].append(field.value));
    }
    return ::arrow::Status::OK();
  }
  if (type_->kind != Kind::structure || !value.is_object()) return does_not_fit(*type_);
  ARROW_RETURN_NOT_OK(as<::arrow::StructBuilder>(builder_).Append());
  return append_fields(value.get_object().value_unsafe(), type_->parts, parts_);
}

// Both sides nearly always come in the same order.
::arrow::Status CellWriter::append_fields(simdjson::dom::object object,
                                          const std::vector<NamedType>& types,
                                          std::vector<CellWriter>& writers) {
  std::size_t found = 0;
  auto next = object.begin();
  const auto end = object.end();
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (next != end && next.key() == types[i].name) {
      ARROW_RETURN_NOT_OK(writers[i].append(next.value()));
      ++next;
      ++found;
      continue;
    }
    simdjson::dom::element value;
    if (object.at_key(types[i].name).get(value) == simdjson::SUCCESS) {
      ARROW_RETURN_NOT_OK(writers[i].append(value));
      ++found;
    } else {
      ARROW_RETURN_NOT_OK(writers[i].append_null());
    }
  }
  if (found == object.size()) return ::arrow::Status::OK();
  return ::arrow::Status::Invalid("a field that no column holds");
}

}  // namespace rare::parquet
