#include "map.h"

#include "basic_fixture.h"

namespace rare::basic {
namespace {

Json mapped(const Json& parameters, Json fields) {
  Opened<Map> map(parameters);
  const testing::Outcome outcome = map.run(std::move(fields));
  INFO(outcome.status.message());
  REQUIRE(outcome.status.ok());
  REQUIRE(outcome.records.size() == 1);
  return outcome.records[0].fields();
}

}  // namespace

TEST_CASE("a program's object becomes the record, under the same id") {
  Opened<Map> map(Json{{"program", "{id, words: (.text | split(\" \") | length)}"}});
  const testing::Outcome outcome = map.run({{"id", "a"}, {"text", "\u00e9t\u00e9 in Rome"}}, 5);
  REQUIRE(outcome.records.size() == 1);
  CHECK(outcome.records[0].fields() == Json{{"id", "a"}, {"words", 3}});
  CHECK(outcome.records[0].id().to_string() == "5");
}

TEST_CASE("several objects become several records, none filters the record") {
  Opened<Map> map(Json{{"program", ".parts[] | {part: .}"}});
  const testing::Outcome outcome = map.run({{"parts", {"a", "b", "c"}}});
  CHECK(fields_of(outcome) == std::vector<Json>{{{"part", "a"}}, {{"part", "b"}}, {{"part", "c"}}});
  const testing::Outcome none = map.run({{"parts", Json::array()}});
  CHECK(none.status.ok());
  CHECK(none.records.empty());
  CHECK(none.filters == std::vector<std::string>{"the program gave nothing"});
}

TEST_CASE("what is no object cannot become a record") {
  Opened<Map> map(Json{{"program", ".a"}});
  const auto message = [&](const Json& value) { return map.run({{"a", value}}).status.message(); };
  CHECK(message(7) ==
        "`program` (.a): expected an object, which becomes the record, got number; write { name: "
        "VALUE, ... }, or `. + { ... }` to keep the other fields");
  CHECK(message(nullptr).find("got null;") != std::string::npos);
  CHECK(message("t").find("got string;") != std::string::npos);
  // Nothing of what came before it was given out either.
  Opened<Map> mixed(Json{{"program", "{a: 1}, 2"}});
  const testing::Outcome outcome = mixed.run(Json::object());
  CHECK_FALSE(outcome.status.ok());
  CHECK(outcome.records.empty());
}

TEST_CASE("a program leaves the numbers that it passes through alone") {
  const Json fields = {{"id", 9007199254740993}, {"one", 1.0}, {"t", "x"}};
  CHECK(mapped({{"program", ". + {n: 1} | del(.t)"}}, fields).dump() ==
        R"({"id":9007199254740993,"n":1,"one":1.0})");
  Opened<Map> moving(Json{{"program", "{key: .id}"}});
  const testing::Outcome outcome = moving.run(fields);
  CHECK_FALSE(outcome.status.ok());
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(mapped({{"rename", {{"id", "key"}}}, {"select", "key"}}, fields).dump() ==
        R"({"key":9007199254740993})");
}

TEST_CASE("rename, then select, then drop, by the new names") {
  const Json fields = {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}};
  CHECK(mapped({{"rename", {{"a", "x"}}}}, fields) == Json{{"x", 1}, {"b", 2}, {"c", 3}, {"d", 4}});
  CHECK(mapped({{"select", {"d", "b"}}}, fields) == Json{{"b", 2}, {"d", 4}});
  CHECK(mapped({{"drop", {"a", "d"}}}, fields) == Json{{"b", 2}, {"c", 3}});
  CHECK(mapped({{"rename", {{"a", "x"}}}, {"select", {"x", "a", "b"}}, {"drop", {"b"}}}, fields) ==
        Json{{"x", 1}});
  CHECK(mapped(Json::object(), fields) == fields);
  CHECK(mapped({{"select", {"none"}}}, fields) == Json::object());
}

TEST_CASE("fields change places, and those that are not there are passed over") {
  CHECK(mapped({{"rename", {{"a", "b"}, {"b", "a"}}}}, {{"a", 1}, {"b", 2}}) ==
        Json{{"a", 2}, {"b", 1}});
  CHECK(mapped({{"rename", {{"no", "a"}}}, {"drop", {"none"}}}, {{"a", 1}}) == Json{{"a", 1}});
  CHECK(mapped({{"rename", {{"\u00fc", "\u4e2d"}}}}, {{"\u00fc", 1}}) == Json{{"\u4e2d", 1}});
}

TEST_CASE("rename replaces a field only when it may") {
  Opened<Map> map(Json{{"rename", {{"a", "b"}}}});
  const testing::Outcome outcome = map.run({{"a", 1}, {"b", 2}});
  CHECK(outcome.status.message() ==
        "`rename`: the record already has a field 'b'; choose another name, or allow it to be "
        "replaced with `overwrite: true`");
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(mapped({{"rename", {{"a", "b"}}}, {"overwrite", true}}, {{"a", 1}, {"b", 2}}) ==
        Json{{"b", 1}});
}

TEST_CASE("map refuses parameters that cannot be meant") {
  CHECK(open_error<Map>({{"program", "."}, {"drop", {"a"}}}) ==
        "`program` excludes `rename`, `select` and `drop`: do all of it in the program, or use two "
        "nodes");
  CHECK(open_error<Map>({{"program", "{"}}) ==
        "parameter `program`: jq cannot compile `{`: syntax error, unexpected $end, line 1");
  CHECK(open_error<Map>({{"rename", {"a", "b"}}}) ==
        "parameter `rename`: expected a map of old names to new ones, got [\"a\",\"b\"]");
  CHECK(open_error<Map>({{"rename", {{"a", 1}}}}) ==
        "parameter `rename`: the new name of 'a': expected a text, got 1");
  CHECK(open_error<Map>({{"rename", {{"a", "c"}, {"b", "c"}}}}) ==
        "parameter `rename`: two fields cannot both become 'c'");
}

}  // namespace rare::basic
