// One parameter of a component: what Spec (spec.h) keeps of it, and how a value gets into a member.
//
// Thread-safety: values, as is ownership: none refers to a component.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "rare/json.h"

namespace rare {

enum class ParamType { text, boolean, integer, number, text_list, json, service, node };

// How a text value is understood before the component sees it.
enum class TextRole {
  plain,
  input_path,    // made absolute: relative to the YAML file that names it; also lists, globs; but
                 // for "-", standard input
  output_path,   // relative to the working directory
  text_or_file,  // a path of an existing file (as input_path) gives its contents, else the text
  file_or_name,  // a path of an existing file is made absolute as an input_path, else it stays
};

// Gives the interface of a named service, or nullptr.
using ServiceResolver = std::function<void*(const std::string& name, std::string_view interface)>;

struct ParamSpec {
  std::string name;
  ParamType type = ParamType::text;
  std::string doc;
  Json default_value;         // null: none
  bool required = false;      // REQUIRES default_value null
  bool text_or_list = false;  // text_list that takes a single text, too
  // At least as narrow as what the member's type can hold.
  std::optional<double> minimum, maximum;
  std::vector<std::string> choices;
  std::string unit;
  TextRole role = TextRole::plain;
  bool contents_count = false;  // TextRole::file_or_name: what stands in the file decides results
  bool secret = false;
  bool affects_result = true;
  std::string interface;  // ParamType::service: what the service must offer
  // Puts the checked value into a component. `self` is the component itself (T*).
  std::function<void(void* self, const Json& value, const ServiceResolver&)> apply;

  // The range that the component states, for readers: a bound that is only the limit of the
  // member's type (32 or 64 bits) says nothing to them.
  std::optional<double> stated_minimum() const { return stated(minimum); }
  std::optional<double> stated_maximum() const { return stated(maximum); }

 private:
  static std::optional<double> stated(std::optional<double> bound) {
    constexpr double kLimits[] = {-0x1p31,
                                  0x1p31 - 1,
                                  0x1p32 - 1,
                                  -0x1p63,
                                  0x1p63,
                                  0x1p64,
                                  std::numeric_limits<float>::lowest(),
                                  std::numeric_limits<float>::max()};
    for (const double limit : kLimits) {
      if (bound == limit) return std::nullopt;
    }
    return bound;
  }
};

namespace detail {
template <class M>
struct IsOptional : std::false_type {};
template <class M>
struct IsOptional<std::optional<M>> : std::true_type {};

template <class M>
constexpr ParamType param_type() {
  if constexpr (IsOptional<M>::value) {
    return param_type<typename M::value_type>();
  } else if constexpr (std::is_same_v<M, bool>) {
    return ParamType::boolean;
  } else if constexpr (std::integral<M>) {
    return ParamType::integer;
  } else if constexpr (std::floating_point<M>) {
    return ParamType::number;
  } else if constexpr (std::is_same_v<M, std::vector<std::string>>) {
    return ParamType::text_list;
  } else if constexpr (std::is_same_v<M, Json>) {
    return ParamType::json;
  } else {
    static_assert(std::is_same_v<M, std::string>, "no parameter can have this type");
    return ParamType::text;
  }
}

// What a number's type can hold as a range. 64-bit limits are rounded to a double: the last word
// has converted().
template <class M>
void set_limits(ParamSpec& param) {
  if constexpr (IsOptional<M>::value) {
    set_limits<typename M::value_type>(param);
  } else if constexpr ((std::integral<M> && !std::is_same_v<M, bool>) || std::is_same_v<M, float>) {
    param.minimum = static_cast<double>(std::numeric_limits<M>::lowest());
    param.maximum = static_cast<double>(std::numeric_limits<M>::max());
  }
}

// The library's own conversion cuts off what does not fit.
template <class M>
M converted(const Json& value) {
  if constexpr (std::integral<M> && !std::is_same_v<M, bool>) {
    const bool fits = value.is_number_unsigned()  ? std::in_range<M>(value.get<std::uint64_t>())
                      : value.is_number_integer() ? std::in_range<M>(value.get<std::int64_t>())
                                                  : true;
    if (!fits) throw std::out_of_range(value.dump() + " is too large for this parameter");
  }
  return value.get<M>();
}

template <class M>
void assign(M& member, const Json& value) {
  if constexpr (IsOptional<M>::value) {
    if (value.is_null()) {
      member.reset();
    } else {
      member = converted<typename M::value_type>(value);
    }
  } else if constexpr (std::is_same_v<M, Json>) {
    member = value;
  } else {
    if (!value.is_null()) member = converted<M>(value);
  }
}
}  // namespace detail

}  // namespace rare
