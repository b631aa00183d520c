#include "declared_columns.h"

#include <catch.h>

#include <cstdint>
#include <limits>
#include <string>

namespace rare::parquet::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

NamedType column(const Json& type) {
  Result<std::vector<NamedType>> columns = declared_columns(Json{{"c", type}});
  REQUIRE(columns.ok());
  REQUIRE(columns->size() == 1);
  return columns->front();
}

std::string declared(const Json& type) { return text_of(column(type).type); }
bool fits(const Json& type, const Json& value) { return check_fit(column(type), value).ok(); }
std::string misfit(const Json& type, const Json& value) {
  return check_fit(column(type), value).message();
}

}  // namespace

TEST_CASE("types are read as they are written") {
  for (const char* name : {"bool", "int32", "int64", "uint64", "float", "double", "string", "json",
                           "binary", "date", "time", "timestamp", "decimal(38, 0)"}) {
    CHECK(declared(name) == name);
  }
  CHECK(declared("decimal(12,2)") == "decimal(12, 2)");
  CHECK(declared(" map( int64 ) ") == "map(int64)");
  const Json nested = Json::parse(R"j([{"b": ["double"], "a": "map(string)"}])j");
  CHECK(declared(nested) == "[{a: map(string), b: [double]}]");
  CHECK(declared_columns(Json::object())->empty());
}

TEST_CASE("a schema that says no type is refused where it does") {
  const auto refused = [](const Json& type) {
    return declared_columns(Json{{"a", type}}).status().message();
  };
  CHECK_THAT(refused(Json{{"b", Json::array({"strnig"})}}),
             Contains("schema: a.b[]: expected bool") && Contains("came \"strnig\""));
  for (const Json& type :
       {Json::array(), Json::array({"string", "string"}), Json::object(), Json(1),
        Json("decimal(39, 2)"), Json("decimal(2, 3)"), Json("decimal(x)"), Json("map(nothing)")}) {
    INFO(type.dump());
    CHECK_FALSE(refused(type).empty());
  }
  CHECK_FALSE(declared_columns(Json::array({"a"})).ok());
  Json deep = "string";
  for (int i = 0; i < 1000; ++i) deep = Json::array({deep});
  CHECK_FALSE(refused(deep).empty());
}

TEST_CASE("null fits everywhere, and anything fits json") {
  for (const Json& type : {Json("int32"), Json::array({"int32"}), Json{{"x", "date"}}}) {
    CHECK(fits(type, nullptr));
  }
  CHECK(fits("json", Json::parse(R"({"a": [1, "x", null]})")));
}

TEST_CASE("numbers fit when nothing of them is lost") {
  CHECK(fits("int32", 2147483647));
  CHECK_FALSE(fits("int32", 2147483648));
  CHECK(fits("int64", std::numeric_limits<std::int64_t>::min()));
  CHECK_FALSE(fits("int64", std::numeric_limits<std::uint64_t>::max()));
  CHECK(fits("int64", 3.0));
  CHECK_FALSE(fits("int64", 3.5));
  CHECK_FALSE(fits("int64", 1e300));
  CHECK(fits("uint64", std::numeric_limits<std::uint64_t>::max()));
  CHECK_FALSE(fits("uint64", -1));
  CHECK(fits("double", 9007199254740992));
  CHECK_FALSE(fits("double", 9007199254740993));
  CHECK(fits("double", -0.5));
  CHECK(fits("float", 16777216));
  CHECK(fits("float", 33554432));
  CHECK(fits("float", 0.1));
  CHECK_FALSE(fits("float", 16777217));
  CHECK_FALSE(fits("float", 16777217.0));
  CHECK_FALSE(fits("float", 1e-50));
  CHECK_FALSE(fits("float", 1e39));
  CHECK_FALSE(fits("double", "1"));
  CHECK_FALSE(fits("bool", 1));
}

TEST_CASE("text fits when it says what the type holds") {
  CHECK(fits("date", "2026-11-26"));
  CHECK_FALSE(fits("date", "26.11.2026"));
  CHECK(fits("time", "10:00:00"));
  CHECK(fits("timestamp", "2026-11-26T10:00:00Z"));
  CHECK_FALSE(fits("timestamp", "2026-11-26T10:00:00"));
  CHECK_FALSE(fits("timestamp", "9999-12-31T23:59:59-01:00"));
  CHECK(fits("binary", "AAEC/w=="));
  CHECK(fits("binary", ""));
  CHECK_FALSE(fits("binary", "AAEC/w="));
  CHECK_FALSE(fits("binary", "AAE-"));
  CHECK(fits("decimal(4, 2)", "-12.50"));
  CHECK(fits("decimal(4, 2)", "0012.5000"));
  CHECK(fits("decimal(4, 2)", 99));
  CHECK(fits("decimal(2, 2)", "0.25"));
  for (const Json& value : {Json("123.00"), Json("1.255"), Json("."), Json("1."), Json(".5"),
                            Json(""), Json("1e2"), Json(1.25), Json(100)}) {
    INFO(value.dump());
    CHECK_FALSE(fits("decimal(4, 2)", value));
  }
}

TEST_CASE("what does not fit is named with its place") {
  const Json type = Json::parse(R"j({"rows": [{"n": "int32"}], "by": "map(date)"})j");
  CHECK(fits(type, Json::parse(R"({"rows": [{"n": 1}, {}, null], "by": {"x": "2026-01-01"}})")));
  CHECK(misfit(type, Json::parse(R"({"rows": [{}, {"n": "one"}]})")) ==
        R"(field "c.rows[1].n": expected int32, as `schema` has it, came "one")");
  CHECK_THAT(misfit(type, Json::parse(R"({"rows": [{"m": 1}]})")),
             StartsWith(R"(field "c.rows[0].m": expected one of the fields of {n: int32})"));
  CHECK_THAT(misfit(type, Json::parse(R"({"by": {"x": "soon"}})")),
             StartsWith(R"(field "c.by.x": expected a date)"));
  CHECK_THAT(misfit(type, Json::parse(R"({"rows": {}})")),
             StartsWith(R"(field "c.rows": expected a list)"));
}

}  // namespace rare::parquet::test
