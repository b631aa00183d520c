#include "observed_column.h"

#include <catch.h>

#include <algorithm>
#include <string>
#include <vector>

namespace rare::parquet::test {
namespace {

using Catch::Matchers::Contains;

std::string observed(const std::vector<std::string>& values) {
  ObservedColumn column;
  simdjson::dom::parser parser;
  for (const std::string& value : values) column.add(parser.parse(value));
  return text_of(column.type());
}

}  // namespace

TEST_CASE("values of one kind make a column of it") {
  CHECK(observed({"true", "null", "false"}) == "bool");
  CHECK(observed({"1", "-9223372036854775808"}) == "int64");
  CHECK(observed({"1", "18446744073709551615"}) == "uint64");
  CHECK(observed({"0.5", "1", "-9007199254740992"}) == "double");
  CHECK(observed({R"("a")", "null"}) == "string");
  CHECK(observed({"[1, null]", "[]", "[2.5]"}) == "[double]");
  CHECK(observed({R"({"b": 1})", R"({"a": ["x"]})"}) == "{a: [string], b: int64}");
}

TEST_CASE("what is not known yet is text") {
  CHECK(observed({}) == "string");
  CHECK(observed({"null"}) == "string");
  CHECK(observed({"[]", "[null]"}) == "[string]");
}

TEST_CASE("values of several kinds, and what no column holds, are JSON") {
  CHECK(observed({"1", R"("a")"}) == "json");
  CHECK(observed({"true", "1"}) == "json");
  CHECK(observed({"[1]", "1"}) == "json");
  CHECK(observed({"[1, [2]]"}) == "[json]");
  CHECK(observed({R"({"a": 1})", R"({"a": "x"})"}) == "{a: json}");
  CHECK(observed({"{}"}) == "json");
  CHECK(observed({"-1", "18446744073709551615"}) == "json");
  CHECK(observed({"0.5", "9007199254740993"}) == "json");
}

TEST_CASE("the order of the values does not matter") {
  std::vector<std::string> values{"null", "1", "0.5", "-3", "9007199254740993"};
  std::sort(values.begin(), values.end());
  do {
    CHECK(observed(values) == "json");
  } while (std::next_permutation(values.begin(), values.end()));
}

TEST_CASE("objects with ever new names, and what is nested deep, are JSON") {
  std::vector<std::string> objects;
  for (std::size_t i = 0; i <= kMaxObjectFields; ++i) {
    if (i == kMaxObjectFields) CHECK(observed(objects) != "[json]");
    objects.push_back("[{\"name" + std::to_string(i) + "\": 1}]");
  }
  CHECK(observed(objects) == "[json]");
  std::reverse(objects.begin(), objects.end());
  CHECK(observed(objects) == "[json]");

  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK_THAT(observed({nested(kMaxColumnDepth)}), !Contains("json"));
  CHECK_THAT(observed({nested(kMaxColumnDepth + 1)}), Contains("json"));
}

TEST_CASE("the parts of the widest column are JSON where a file would have too many columns") {
  const auto object = [](int names, const std::string& value) {
    std::string text = "{";
    for (int i = 0; i < names; ++i) {
      text += (i > 0 ? ",\"n" : "\"n") + std::to_string(i) + "\":" + value;
    }
    return text + "}";
  };
  const auto type_of = [](const std::string& wide) {
    ObservedColumn rows;
    simdjson::dom::parser parser;
    rows.add(parser.parse(R"({"id":1,"tame":[{"x":{"y":1}}],"wide":)" + wide + "}"));
    CHECK(rows.width() == 3);
    return text_of({ColumnType::Kind::structure, 0, 0, rows.fields()});
  };
  CHECK_THAT(type_of(object(16, object(200, "1"))), !Contains("json"));
  const std::string wide = type_of(object(21, object(200, "1")));
  CHECK_THAT(wide, Contains("id: int64, tame: [{x: {y: int64}}], wide: {n0: json, n1: json"));
  // More names than are kept while rows are surveyed.
  CHECK(type_of(object(21, object(200, object(20, "1")))) == wide);
  CHECK_THAT(type_of(object(17, "[" + object(16, object(17, "[true]")) + "]")),
             Contains("tame: [{x: {y: int64}}], wide: {n0: [{n0: json, n1: json"));
}

TEST_CASE("columns come as fields are named, then by name") {
  std::vector<NamedType> columns{{"b", {}}, {"a", {}}, {"z", {}}, {"y", {}}};
  put_in_order(columns, {"z", "b"});
  std::string names;
  for (const NamedType& column : columns) names += column.name;
  CHECK(names == "zbay");
}

}  // namespace rare::parquet::test
