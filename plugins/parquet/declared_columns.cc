#include "declared_columns.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "calendar_text.h"

namespace rare::parquet {
namespace {

using Kind = ColumnType::Kind;

constexpr std::pair<std::string_view, Kind> kNamedKinds[] = {
    {"bool", Kind::boolean},  {"int32", Kind::int32},   {"int64", Kind::int64},
    {"uint64", Kind::uint64}, {"float", Kind::float32}, {"double", Kind::float64},
    {"string", Kind::text},   {"json", Kind::json},     {"binary", Kind::binary},
    {"date", Kind::date},     {"time", Kind::time},     {"timestamp", Kind::timestamp},
};
constexpr int kMaxPrecision = 38;
constexpr int kMaxSchemaDepth = 64;
constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;

// One line, however long or odd the value.
std::string shown(const Json& value) {
  constexpr std::size_t kShownBytes = 60;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() <= kShownBytes) return text;
  return text.substr(0, kShownBytes) + "...";
}

Status bad_schema(const std::string& path, const Json& came) {
  return Status(StatusCode::invalid_argument,
                "schema: " + path +
                    ": expected bool, int32, int64, uint64, float, double, string, json, binary, "
                    "date, time, timestamp, decimal(P, S), map(TYPE), [TYPE] or {name: TYPE, ...}, "
                    "came " +
                    shown(came));
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// What stands between the brackets of "NAME(...)".
std::optional<std::string_view> argument_of(std::string_view text, std::string_view name) {
  if (!text.starts_with(name) || !text.ends_with(')')) return std::nullopt;
  text.remove_prefix(name.size());
  text = trimmed(text);
  if (!text.starts_with('(')) return std::nullopt;
  return trimmed(text.substr(1, text.size() - 2));
}

std::optional<int> whole_number(std::string_view text) {
  text = trimmed(text);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ColumnType> decimal_type(std::string_view argument) {
  const std::size_t comma = argument.find(',');
  const std::optional<int> precision = whole_number(argument.substr(0, comma));
  const std::optional<int> scale = comma == std::string_view::npos
                                       ? std::optional<int>(0)
                                       : whole_number(argument.substr(comma + 1));
  if (!precision || !scale || *precision < 1 || *precision > kMaxPrecision || *scale < 0 ||
      *scale > *precision) {
    return std::nullopt;
  }
  return ColumnType{Kind::decimal, *precision, *scale, {}};
}

std::optional<ColumnType> named_type(std::string_view text) {
  text = trimmed(text);
  for (const auto& [name, kind] : kNamedKinds) {
    if (text == name) return ColumnType{kind, 0, 0, {}};
  }
  if (const auto argument = argument_of(text, "decimal")) return decimal_type(*argument);
  if (const auto argument = argument_of(text, "map")) {
    std::optional<ColumnType> value = named_type(*argument);
    if (!value) return std::nullopt;
    return ColumnType{Kind::map, 0, 0, {{"value", std::move(*value)}}};
  }
  return std::nullopt;
}

Result<ColumnType> declared_type(const Json& schema, const std::string& path, int depth) {
  if (depth > kMaxSchemaDepth) return bad_schema(path, "a type nested too deep");
  if (schema.is_string()) {
    std::optional<ColumnType> type = named_type(schema.get_ref<const std::string&>());
    if (type) return std::move(*type);
  } else if (schema.is_array() && schema.size() == 1) {
    Result<ColumnType> element = declared_type(schema.front(), path + "[]", depth + 1);
    if (!element) return element.status();
    return ColumnType{Kind::list, 0, 0, {{"element", std::move(*element)}}};
  } else if (schema.is_object() && !schema.empty()) {
    ColumnType type{Kind::structure, 0, 0, {}};
    for (auto at = schema.begin(); at != schema.end(); ++at) {
      const std::string place = path.empty() ? at.key() : path + "." + at.key();
      Result<ColumnType> part = declared_type(at.value(), place, depth + 1);
      if (!part) return part.status();
      type.parts.push_back({at.key(), std::move(*part)});
    }
    return type;
  }
  return bad_schema(path, schema);
}

// What does not fit, and where: the place is put together on the way out, so that what fits costs
// nothing.
struct Misfit {
  std::string path, expected, came;
};

// A whole number between the two, also one that is written with a fraction of zero.
bool is_integer_within(const Json& value, std::int64_t low, std::uint64_t high) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= high;
  if (value.is_number_integer()) {
    const std::int64_t number = value.get<std::int64_t>();
    return number >= low && (number < 0 || static_cast<std::uint64_t>(number) <= high);
  }
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  return std::trunc(number) == number && std::fabs(number) <= static_cast<double>(kExactInDouble) &&
         number >= static_cast<double>(low) && number <= static_cast<double>(high);
}

bool fits_double(const Json& value) {
  if (value.is_number_float()) return std::isfinite(value.get<double>());
  return is_integer_within(value, -kExactInDouble, static_cast<std::uint64_t>(kExactInDouble));
}

// Fractions are rounded to the nearest number that a float has, but none to nothing; whole numbers
// are held or refused.
bool fits_float(const Json& value) {
  if (!fits_double(value)) return false;
  const double number = value.get<double>();
  if (std::fabs(number) > static_cast<double>(std::numeric_limits<float>::max())) return false;
  const float held = static_cast<float>(number);
  if (std::trunc(number) == number) return static_cast<double>(held) == number;
  return held != 0;
}

bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  });
}

// [-+]digits[.digits], with as many before and behind the point as there is room for.
bool is_decimal(std::string_view text, const ColumnType& type) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, point);
  std::string_view behind = point < text.size() ? text.substr(point + 1) : std::string_view();
  const auto all_digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (whole.empty() || !all_digits(whole) || !all_digits(behind)) return false;
  if (point < text.size() && behind.empty()) return false;
  while (whole.starts_with('0')) whole.remove_prefix(1);
  while (behind.ends_with('0')) behind.remove_suffix(1);
  return whole.size() <= static_cast<std::size_t>(type.precision - type.scale) &&
         behind.size() <= static_cast<std::size_t>(type.scale);
}

bool fits_text(const ColumnType& type, const std::string& text) {
  switch (type.kind) {
    case Kind::text:
      return true;
    case Kind::binary:
      return is_base64(text);
    case Kind::date:
      return days_of_date(text).has_value();
    case Kind::time:
      return microseconds_of_time(text).has_value();
    case Kind::timestamp:
      return microseconds_of_timestamp(text).has_value();
    case Kind::decimal:
      return is_decimal(text, type);
    default:
      return false;
  }
}

bool fits_number(const ColumnType& type, const Json& value) {
  using Limits32 = std::numeric_limits<std::int32_t>;
  using Limits64 = std::numeric_limits<std::int64_t>;
  switch (type.kind) {
    case Kind::int32:
      return is_integer_within(value, Limits32::min(), Limits32::max());
    case Kind::int64:
      return is_integer_within(value, Limits64::min(), Limits64::max());
    case Kind::uint64:
      return is_integer_within(value, 0, std::numeric_limits<std::uint64_t>::max());
    case Kind::float32:
      return fits_float(value);
    case Kind::float64:
      return fits_double(value);
    case Kind::decimal:
      return value.is_number_integer() && is_decimal(value.dump(), type);
    default:
      return false;
  }
}

std::string expected_of(const ColumnType& type) {
  switch (type.kind) {
    case Kind::binary:
      return "binary (text in base64)";
    case Kind::date:
      return "a date (like \"2026-11-26\")";
    case Kind::time:
      return "a time (like \"23:59:59.999999\")";
    case Kind::timestamp:
      return "a timestamp (like \"2026-11-26T23:59:59.999999Z\")";
    case Kind::decimal:
      return text_of(type) + " (text like \"12.50\", or an integer)";
    case Kind::list:
      return "a list";
    case Kind::map:
    case Kind::structure:
      return "an object";
    default:
      return text_of(type);
  }
}

std::optional<Misfit> misfit_of(const ColumnType& type, const Json& value);

std::optional<Misfit> behind(std::string step, std::optional<Misfit> misfit) {
  if (misfit) misfit->path.insert(0, step);
  return misfit;
}

std::optional<Misfit> misfit_in_structure(const ColumnType& type, const Json& value) {
  for (auto at = value.begin(); at != value.end(); ++at) {
    const auto part = std::find_if(type.parts.begin(), type.parts.end(),
                                   [&at](const NamedType& one) { return one.name == at.key(); });
    if (part == type.parts.end()) {
      return Misfit{"." + at.key(), "one of the fields of " + text_of(type), shown(at.value())};
    }
    if (auto misfit = misfit_of(part->type, at.value())) {
      return behind("." + at.key(), std::move(misfit));
    }
  }
  return std::nullopt;
}

std::optional<Misfit> misfit_of(const ColumnType& type, const Json& value) {
  if (value.is_null() || type.kind == Kind::json) return std::nullopt;
  if (type.kind == Kind::boolean && value.is_boolean()) return std::nullopt;
  if (value.is_string() && fits_text(type, value.get_ref<const std::string&>())) {
    return std::nullopt;
  }
  if (value.is_number() && fits_number(type, value)) return std::nullopt;
  if (type.kind == Kind::structure && value.is_object()) return misfit_in_structure(type, value);
  if (type.kind == Kind::list && value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto misfit = misfit_of(type.parts.front().type, value[i])) {
        return behind("[" + std::to_string(i) + "]", std::move(misfit));
      }
    }
    return std::nullopt;
  }
  if (type.kind == Kind::map && value.is_object()) {
    for (auto at = value.begin(); at != value.end(); ++at) {
      if (auto misfit = misfit_of(type.parts.front().type, at.value())) {
        return behind("." + at.key(), std::move(misfit));
      }
    }
    return std::nullopt;
  }
  return Misfit{"", expected_of(type), shown(value)};
}

}  // namespace

Result<std::vector<NamedType>> declared_columns(const Json& schema) {
  if (!schema.is_object()) {
    return Status(StatusCode::invalid_argument,
                  "schema: expected a map of columns and their types, came " + shown(schema));
  }
  if (schema.empty()) return std::vector<NamedType>();
  Result<ColumnType> type = declared_type(schema, "", 0);
  if (!type) return type.status();
  return std::move(type->parts);
}

Status check_fit(const NamedType& column, const Json& value) {
  const std::optional<Misfit> misfit = misfit_of(column.type, value);
  if (!misfit) return Status();
  return Status(StatusCode::invalid_data, "field " + shown(column.name + misfit->path) +
                                              ": expected " + misfit->expected +
                                              ", as `schema` has it, came " + misfit->came);
}

}  // namespace rare::parquet
