#include "sort_key.h"

#include <cmath>
#include <limits>
#include <string>

#include "catch.h"

namespace rare::basic {
namespace {

std::string key_of(const Json& value) {
  std::string key;
  append_sort_key(value, key);
  return key;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("keys of values in jq's order are in the order of bytes") {
  // As jq 1.6's sort orders them, and exact where its doubles are not.
  const std::vector<Json> ascending = {
      nullptr,
      false,
      true,
      std::nan(""),
      -kInfinity,
      -1e300,
      -9223372036854775807 - 1,
      -9007199254740993,
      -9007199254740992,
      -2,
      -1.5,
      -1,
      -5e-324,
      0,
      5e-324,
      0.5,
      1,
      2,
      10,
      9007199254740991,
      9007199254740992,
      9007199254740993,
      9223372036854775806,
      9223372036854775807,
      9223372036854775808ULL,
      18446744073709551614ULL,
      18446744073709551615ULL,
      1e300,
      kInfinity,
      "",
      std::string("\0", 1),
      std::string("\0a", 2),
      "A",
      "a",
      std::string("a\0", 2),
      "aa",
      "b",
      "\u00e9",
      "\u4e2d",
      "\U0001F600",
      Json::array(),
      Json::array({nullptr}),
      Json::array({nullptr, nullptr}),
      Json::array({1}),
      Json::array({1, 0}),
      Json::array({"a"}),
      Json::array({Json::array()}),
      Json::object(),
      {{"a", 1}},
      {{"a", 2}},
      {{"a", 1}, {"b", 0}},
      {{"a", 2}, {"b", 0}},
      {{"b", 0}},
  };
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      INFO(i << ": " << ascending[i] << " and " << j << ": " << ascending[j]);
      CHECK((key_of(ascending[i]) < key_of(ascending[j])) == (i < j));
    }
  }
}

TEST_CASE("equal numbers have one key, however they are written") {
  CHECK(key_of(1) == key_of(1.0));
  CHECK(key_of(1) == key_of(1U));
  CHECK(key_of(0) == key_of(-0.0));
  CHECK(key_of(9007199254740992) == key_of(9007199254740992.0));
  CHECK(key_of(9007199254740993) != key_of(9007199254740992.0));
  CHECK(key_of({{"a", 1}}) == key_of({{"a", 1.0}}));
}

TEST_CASE("keys one after another compare value by value") {
  const auto pair = [](const Json& a, const Json& b) { return key_of(a) + key_of(b); };
  CHECK(pair("a", "z") < pair("b", "a"));
  CHECK(pair("a", "z") < pair("aa", "a"));
  CHECK(pair("a", 1) < pair("a", 2));
  CHECK(pair("ab", "c") != pair("a", "bc"));
}

}  // namespace rare::basic
