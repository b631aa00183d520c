#include "sort_key.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace rare::basic {
namespace {

// The first byte of each value. The end of a list sorts before any item.
enum Tag : char {
  kEnd = 1,
  kNull,
  kFalse,
  kTrue,
  kNumber,
  kText,
  kList,
  kObject,
};

constexpr int kDoubleBytes = 8;
constexpr int kNumberBytes = kDoubleBytes + 2;

void append_big_endian(std::uint64_t bits, int bytes, std::string& key) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    key += static_cast<char>(bits >> shift);
  }
}

// The double, with its bits turned so that they sort as unsigned integers, and for integers what
// the double leaves out.
void append_number(double number, int rest, std::string& key) {
  key += kNumber;
  if (std::isnan(number)) {  // below all numbers, as in jq
    key.append(kNumberBytes, '\0');
    return;
  }
  if (number == 0) number = 0;  // no negative zero
  std::uint64_t bits = std::bit_cast<std::uint64_t>(number);
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  bits = (bits & kSign) != 0 ? ~bits : bits | kSign;
  append_big_endian(bits, kDoubleBytes, key);
  append_big_endian(static_cast<std::uint64_t>(rest + 0x8000), kNumberBytes - kDoubleBytes, key);
}

template <class Integer>
void append_integer(Integer value, std::string& key) {
  const double rounded = static_cast<double>(value);
  // At most 2^10 apart; long double holds both exactly.
  const long double rest = static_cast<long double>(value) - static_cast<long double>(rounded);
  append_number(rounded, static_cast<int>(rest), key);
}

// Null bytes become two, so that a text's end (one of another kind) sorts before all that go on.
void append_text(const std::string& text, std::string& key) {
  for (const char c : text) {
    key += c;
    if (c == '\0') key += '\xff';
  }
  key += '\0';
  key += '\0';
}

}  // namespace

void append_sort_key(const Json& value, std::string& key) {
  switch (value.type()) {
    case Json::value_t::boolean:
      key += value.get<bool>() ? kTrue : kFalse;
      return;
    case Json::value_t::number_integer:
      return append_integer(value.get<std::int64_t>(), key);
    case Json::value_t::number_unsigned:
      return append_integer(value.get<std::uint64_t>(), key);
    case Json::value_t::number_float:
      return append_number(value.get<double>(), 0, key);
    case Json::value_t::string:
      key += kText;
      return append_text(value.get_ref<const std::string&>(), key);
    case Json::value_t::array:
      key += kList;
      for (const Json& item : value) append_sort_key(item, key);
      key += kEnd;
      return;
    case Json::value_t::object:
      key += kObject;
      for (const auto& [name, item] : value.items()) {
        key += kText;
        append_text(name, key);
      }
      key += kEnd;
      for (const auto& [name, item] : value.items()) append_sort_key(item, key);
      return;
    default:
      key += kNull;
  }
}

}  // namespace rare::basic
