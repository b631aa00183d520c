#include "observed_column.h"

#include <string_view>

namespace rare::parquet {
namespace {

constexpr std::uint64_t kLastExactInDouble = std::uint64_t{1} << 53;

}  // namespace

void ObservedColumn::add_integer(bool is_negative, std::uint64_t magnitude) {
  if (!is_negative && magnitude >= std::uint64_t{1} << 63) {
    seen_ |= kLargeInteger;
  } else {
    seen_ |= kInteger;
  }
  if (is_negative) seen_ |= kNegative;
  if (magnitude > kLastExactInDouble) seen_ |= kInexactInteger;
}

void ObservedColumn::add(simdjson::dom::element value) {
  using simdjson::dom::element_type;
  switch (value.type()) {
    case element_type::NULL_VALUE:
      return;
    case element_type::BOOL:
      seen_ |= kBoolean;
      return;
    case element_type::INT64: {
      const std::int64_t number = value.get_int64().value_unsafe();
      const std::uint64_t bits = static_cast<std::uint64_t>(number);
      add_integer(number < 0, number < 0 ? 0 - bits : bits);
      return;
    }
    case element_type::UINT64:
      add_integer(false, value.get_uint64().value_unsafe());
      return;
    case element_type::DOUBLE:
      seen_ |= kFraction;
      return;
    case element_type::STRING:
      seen_ |= kText;
      return;
    case element_type::ARRAY: {
      seen_ |= kList;
      if (depth_ == kMaxColumnDepth) seen_ |= kTooMuch;
      if (seen_ & kTooMuch) return;
      if (!element_) element_ = std::make_unique<ObservedColumn>(depth_ + 1);
      const simdjson::dom::array items = value.get_array().value_unsafe();
      for (const simdjson::dom::element item : items) element_->add(item);
      return;
    }
    case element_type::OBJECT:
      seen_ |= kObject;
      if (depth_ == kMaxColumnDepth) seen_ |= kTooMuch;
      if (!(seen_ & kTooMuch)) add_object(value.get_object().value_unsafe());
      return;
  }
}

void ObservedColumn::add_object(simdjson::dom::object object) {
  for (const simdjson::dom::key_value_pair field : object) {
    auto at = fields_.find(field.key);
    if (at == fields_.end()) {
      if (depth_ > 0 && fields_.size() == kMaxObjectFields) {
        seen_ |= kTooMuch;
        fields_.clear();
        return;
      }
      at = fields_.emplace(std::string(field.key), ObservedColumn(depth_ + 1)).first;
    }
    at->second.add(field.value);
  }
}

ColumnType::Kind ObservedColumn::number_kind() const {
  using Kind = ColumnType::Kind;
  const bool has_integers = (seen_ & (kInteger | kLargeInteger)) != 0;
  if (seen_ & kFraction) {
    return has_integers && (seen_ & kInexactInteger) ? Kind::json : Kind::float64;
  }
  if (!(seen_ & kLargeInteger)) return Kind::int64;
  return seen_ & kNegative ? Kind::json : Kind::uint64;
}

ColumnType ObservedColumn::type() const {
  using Kind = ColumnType::Kind;
  constexpr unsigned kNumber = kInteger | kNegative | kLargeInteger | kInexactInteger | kFraction;
  if (seen_ == 0 || seen_ == kText) return {Kind::text, 0, 0, {}};
  if (seen_ == kBoolean) return {Kind::boolean, 0, 0, {}};
  if ((seen_ & ~kNumber) == 0) return {number_kind(), 0, 0, {}};
  if (seen_ == kList) return {Kind::list, 0, 0, {{"element", element_->type()}}};
  // A file cannot hold a structure without fields.
  if (seen_ == kObject && !fields_.empty()) return {Kind::structure, 0, 0, fields()};
  return {Kind::json, 0, 0, {}};
}

std::vector<NamedType> ObservedColumn::fields() const {
  std::vector<NamedType> named;
  named.reserve(fields_.size());
  for (const auto& [name, column] : fields_) named.push_back({name, column.type()});
  return named;
}

}  // namespace rare::parquet
