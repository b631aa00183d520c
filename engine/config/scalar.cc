#include "engine/config/scalar.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace rare::engine {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_of(std::string_view text, bool (*test)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), test);
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

std::size_t digits(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  return count;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_core_float(std::string_view text) {
  text = without_sign(text);
  std::size_t whole = digits(text);
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    std::size_t fraction = digits(text);
    if (whole == 0 && fraction == 0) return false;
    text.remove_prefix(fraction);
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  return all_of(without_sign(text.substr(1)), is_digit);
}

std::optional<double> special_float(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view name = without_sign(text);
  if (name == ".inf" || name == ".Inf" || name == ".INF") {
    return negative ? -std::numeric_limits<double>::infinity()
                    : std::numeric_limits<double>::infinity();
  }
  if (text == ".nan" || text == ".NaN" || text == ".NAN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return std::nullopt;
}

template <class Number>
std::optional<Number> parse(std::string_view text, int base) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Json integer_value(const std::string& text) {
  std::string_view digits_only = text;
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    digits_only.remove_prefix(2);
  } else if (text.starts_with('+')) {
    digits_only.remove_prefix(1);
  }
  if (auto value = parse<std::int64_t>(digits_only, base)) return *value;
  if (auto value = parse<std::uint64_t>(digits_only, base)) return *value;
  if (base == 10) return std::strtod(text.c_str(), nullptr);
  return text;
}

}  // namespace

bool is_core_integer(std::string_view text) {
  if (text.starts_with("0x")) {
    return all_of(text.substr(2), [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
  }
  if (text.starts_with("0o")) {
    return all_of(text.substr(2), [](char c) { return c >= '0' && c <= '7'; });
  }
  return all_of(without_sign(text), is_digit);
}

Json core_schema_value(const std::string& text) {
  if (text == "null" || text == "Null" || text == "NULL" || text == "~") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (is_core_integer(text)) return integer_value(text);
  if (auto special = special_float(text)) return *special;
  if (is_core_float(text)) return std::strtod(text.c_str(), nullptr);
  return text;
}

}  // namespace rare::engine
