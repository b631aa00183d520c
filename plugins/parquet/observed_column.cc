#include "observed_column.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace rare::parquet {
namespace {

constexpr std::uint64_t kLastExactInDouble = std::uint64_t{1} << 53;

}  // namespace

ObservedColumn::ObservedColumn(int depth, Extent* column)
    : depth_(depth),
      own_extent_(column == nullptr ? std::make_unique<Extent>() : nullptr),
      column_(column == nullptr ? own_extent_.get() : column) {}

bool ObservedColumn::see(unsigned kinds) {
  if ((kinds & ~seen_) == 0) return false;
  seen_ = static_cast<std::uint16_t>(seen_ | kinds);
  return true;
}

bool ObservedColumn::add_integer(bool is_negative, std::uint64_t magnitude) {
  unsigned kinds = !is_negative && magnitude >= std::uint64_t{1} << 63 ? kLargeInteger : kInteger;
  if (is_negative) kinds |= kNegative;
  if (magnitude > kLastExactInDouble) kinds |= kInexactInteger;
  return see(kinds);
}

bool ObservedColumn::add(simdjson::dom::element value) {
  using simdjson::dom::element_type;
  switch (value.type()) {
    case element_type::NULL_VALUE:
      return false;
    case element_type::BOOL:
      return see(kBoolean);
    case element_type::INT64: {
      const std::int64_t number = value.get_int64().value_unsafe();
      const std::uint64_t bits = static_cast<std::uint64_t>(number);
      return add_integer(number < 0, number < 0 ? 0 - bits : bits);
    }
    case element_type::UINT64:
      return add_integer(false, value.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return see(kFraction);
    case element_type::STRING:
      return see(kText);
    case element_type::ARRAY: {
      bool is_new = see(depth_ >= depth_limit() ? kList | kTooMuch : kList);
      if (!(seen_ & kTooMuch)) is_new |= add_array(value.get_array().value_unsafe());
      return is_new;
    }
    case element_type::OBJECT: {
      bool is_new = see(depth_ >= depth_limit() ? kObject | kTooMuch : kObject);
      if (!(seen_ & kTooMuch)) is_new |= add_object(value.get_object().value_unsafe());
      return is_new;
    }
  }
  return false;
}

bool ObservedColumn::add_array(simdjson::dom::array items) {
  bool is_new = false;
  if (!element_) {
    element_.reset(new ObservedColumn(depth_ + 1, column_));
    if (column_ != nullptr) column_->parts += 1;
    is_new = true;
  }
  for (const simdjson::dom::element item : items) is_new |= element_->add(item);
  return is_new;
}

// Fields nearly always come in the order of their names, with all that came before.
bool ObservedColumn::add_object(simdjson::dom::object object) {
  bool is_new = false;
  auto next = fields_.begin();
  for (const simdjson::dom::key_value_pair field : object) {
    auto at = next != fields_.end() && next->first == field.key ? next : fields_.find(field.key);
    if (at == fields_.end()) {
      is_new = true;
      if (depth_ > 0 && fields_.size() == kMaxObjectFields) {
        seen_ |= kTooMuch;
        if (column_ != nullptr) column_->parts -= parts_below();
        prune(depth_);
        return is_new;
      }
      at = fields_.emplace(std::string(field.key), ObservedColumn(depth_ + 1, column_)).first;
      if (column_ != nullptr) column_->parts += 1;
    }
    next = std::next(at);
    ObservedColumn& part = at->second;
    if (depth_ > 0) {
      is_new |= part.add(field.value);
      continue;
    }
    parts_in_columns_ -= part.column_->parts;
    is_new |= part.add(field.value);
    parts_in_columns_ += part.column_->parts;
  }
  if (depth_ == 0 && parts_in_columns_ > kMaxSurveyedNames) {
    shrink();
    is_new = true;
  }
  return is_new;
}

void ObservedColumn::shrink() {
  while (parts_in_columns_ > kMaxSurveyedNames) {
    const auto largest =
        std::max_element(fields_.begin(), fields_.end(), [](const auto& a, const auto& b) {
          return a.second.column_->parts < b.second.column_->parts;
        });
    Extent& extent = *largest->second.column_;
    parts_in_columns_ -= extent.parts;
    extent.depth -= 1;
    largest->second.prune(extent.depth);
    extent.parts = largest->second.parts_below();
    parts_in_columns_ += extent.parts;
  }
}

void ObservedColumn::prune(int depth) {
  if (depth_ >= depth) {
    if (seen_ & (kList | kObject)) seen_ |= kTooMuch;
    element_.reset();
    fields_.clear();
    return;
  }
  if (element_) element_->prune(depth);
  for (auto& [name, part] : fields_) part.prune(depth);
}

std::size_t ObservedColumn::parts_below() const {
  std::size_t parts = fields_.size() + (element_ ? 1 + element_->parts_below() : 0);
  for (const auto& [name, part] : fields_) parts += part.parts_below();
  return parts;
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

ColumnType ObservedColumn::type_within(int depth) const {
  using Kind = ColumnType::Kind;
  constexpr unsigned kNumber = kInteger | kNegative | kLargeInteger | kInexactInteger | kFraction;
  if (seen_ == 0 || seen_ == kText) return {Kind::text, 0, 0, {}};
  if (seen_ == kBoolean) return {Kind::boolean, 0, 0, {}};
  if ((seen_ & ~kNumber) == 0) return {number_kind(), 0, 0, {}};
  if (depth_ >= depth) return {Kind::json, 0, 0, {}};
  if (seen_ == kList) return {Kind::list, 0, 0, {{"element", element_->type_within(depth)}}};
  // A file cannot hold a structure without fields.
  if (seen_ != kObject || fields_.empty()) return {Kind::json, 0, 0, {}};
  ColumnType structure{Kind::structure, 0, 0, {}};
  structure.parts.reserve(fields_.size());
  for (const auto& [name, part] : fields_) {
    structure.parts.push_back({name, part.type_within(depth)});
  }
  return structure;
}

std::size_t ObservedColumn::leaves_within(int depth) const {
  if (depth_ >= depth) return 1;
  if (seen_ == kList) return element_->leaves_within(depth);
  if (seen_ != kObject || fields_.empty()) return 1;
  std::size_t leaves = 0;
  for (const auto& [name, part] : fields_) leaves += part.leaves_within(depth);
  return leaves;
}

std::vector<NamedType> ObservedColumn::fields() const {
  struct Chosen {
    const std::string& name;
    const ObservedColumn& column;
    int depth;
    std::size_t leaves;
  };
  std::vector<Chosen> chosen;
  chosen.reserve(fields_.size());
  std::size_t leaves = 0;
  for (const auto& [name, column] : fields_) {
    chosen.push_back({name, column, kMaxColumnDepth, column.leaves_within(kMaxColumnDepth)});
    leaves += chosen.back().leaves;
  }
  while (leaves > kMaxFileColumns) {
    const auto largest =
        std::max_element(chosen.begin(), chosen.end(),
                         [](const Chosen& a, const Chosen& b) { return a.leaves < b.leaves; });
    if (largest->leaves == 1) break;
    leaves -= largest->leaves;
    largest->depth -= 1;
    largest->leaves = largest->column.leaves_within(largest->depth);
    leaves += largest->leaves;
  }
  std::vector<NamedType> named;
  named.reserve(chosen.size());
  for (const Chosen& one : chosen) named.push_back({one.name, one.column.type_within(one.depth)});
  return named;
}

}  // namespace rare::parquet
