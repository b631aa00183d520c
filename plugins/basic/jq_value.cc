#include "jq_value.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace rare::basic {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

double double_of(const Json& number) {
  if (number.is_number_unsigned()) return static_cast<double>(number.get<std::uint64_t>());
  if (number.is_number_integer()) return static_cast<double>(number.get<std::int64_t>());
  return number.get<double>();
}

// long double has 64 bits of mantissa or more: it holds every 64-bit integer.
bool is_exact(const Json& integer, double as_double) {
  static_assert(std::numeric_limits<long double>::digits >= 64);
  const long double exact = integer.is_number_unsigned()
                                ? static_cast<long double>(integer.get<std::uint64_t>())
                                : static_cast<long double>(integer.get<std::int64_t>());
  return static_cast<long double>(as_double) == exact;
}

const Json* member(const Json* object, const std::string& key) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto at = object->find(key);
  return at == object->end() ? nullptr : &*at;
}

const Json* element(const Json* array, int index) {
  const bool has =
      array != nullptr && array->is_array() && static_cast<std::size_t>(index) < array->size();
  return has ? &(*array)[static_cast<std::size_t>(index)] : nullptr;
}

std::string text_of(jv text) {  // borrowed
  return std::string(jv_string_value(text),
                     static_cast<std::size_t>(jv_string_length_bytes(jv_copy(text))));
}

}  // namespace

JqInput::JqInput(const Json& fields) : fields_(fields), value_(jv_null()) {
  value_ = JqValue(convert(fields));
}

jv JqInput::convert(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return value.get<bool>() ? jv_true() : jv_false();
    case Json::value_t::string: {
      const std::string& text = value.get_ref<const std::string&>();
      return jv_string_sized(text.data(), static_cast<int>(text.size()));
    }
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return convert_number(value);
    case Json::value_t::array: {
      jv array = jv_array_sized(static_cast<int>(value.size()));
      for (const Json& item : value) array = jv_array_append(array, convert(item));
      return array;
    }
    case Json::value_t::object: {
      jv object = jv_object();
      for (const auto& [key, item] : value.items()) {
        jv name = jv_string_sized(key.data(), static_cast<int>(key.size()));
        object = jv_object_set(object, name, convert(item));
      }
      return object;
    }
    default:  // null, and what no JSON text can hold
      return jv_null();
  }
}

jv JqInput::convert_number(const Json& value) {
  const double number = double_of(value);
  if (!value.is_number_float() && !is_exact(value, number)) inexact_.push_back(number);
  return jv_number(number);
}

Result<Json> JqInput::to_json(const JqValue& output) const {
  return to_json(output.get(), &fields_);
}

Result<Json> JqInput::to_json(jv value, const Json* same_place) const {
  switch (jv_get_kind(value)) {
    case JV_KIND_TRUE:
      return Json(true);
    case JV_KIND_FALSE:
      return Json(false);
    case JV_KIND_NUMBER:
      return number_to_json(jv_number_value(value), same_place);
    case JV_KIND_STRING:
      return Json(text_of(value));
    case JV_KIND_ARRAY: {
      Json array = Json::array();
      const int length = jv_array_length(jv_copy(value));
      for (int i = 0; i < length; ++i) {
        const JqValue item(jv_array_get(jv_copy(value), i));
        Result<Json> converted = to_json(item.get(), element(same_place, i));
        if (!converted) return converted.status();
        array.push_back(std::move(*converted));
      }
      return array;
    }
    case JV_KIND_OBJECT: {
      Json object = Json::object();
      for (int at = jv_object_iter(value); jv_object_iter_valid(value, at);
           at = jv_object_iter_next(value, at)) {
        const JqValue key(jv_object_iter_key(value, at));
        const JqValue item(jv_object_iter_value(value, at));
        std::string name = text_of(key.get());
        Result<Json> converted = to_json(item.get(), member(same_place, name));
        if (!converted) return converted.status();
        object.emplace(std::move(name), std::move(*converted));
      }
      return object;
    }
    default:
      return Json();
  }
}

Result<Json> JqInput::number_to_json(double number, const Json* same_place) const {
  if (same_place != nullptr && same_place->is_number() && double_of(*same_place) == number) {
    return *same_place;
  }
  if (std::find(inexact_.begin(), inexact_.end(), number) != inexact_.end()) {
    std::string digits = std::to_string(number);
    digits.erase(digits.find_first_of(".,"));
    return Status(StatusCode::invalid_data,
                  "gives a number near " + digits +
                      " in a place where the record had none: it may be an integer of the record "
                      "that is too large for jq, which holds integers exactly up to 2^53; move it "
                      "with `rename`, or keep it as a text");
  }
  if (std::isnan(number)) return Json();  // as jq prints it
  if (std::isinf(number)) return Json(std::copysign(std::numeric_limits<double>::max(), number));
  const bool is_integer = std::trunc(number) == number && std::abs(number) <= kExactIntegers;
  if (is_integer) return Json(static_cast<std::int64_t>(number));
  return Json(number);
}

std::string shown(const JqValue& value) {
  if (value.kind() == JV_KIND_STRING) return text_of(value.get());
  const JqValue text(jv_dump_string(value.copy(), 0));
  return text_of(text.get());
}

}  // namespace rare::basic
