#include "flatten.h"

#include "basic_fixture.h"

namespace rare::basic {

TEST_CASE("each item of the list becomes a record with the other fields") {
  Opened<Flatten> flatten(Json{{"field", "parts"}});
  const Json items = {"\u00e9", 9007199254740993, {{"deep", 1.0}}, nullptr};
  const testing::Outcome outcome = flatten.run({{"id", "a"}, {"parts", items}}, 4);
  REQUIRE(outcome.records.size() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    CHECK(outcome.records[i].fields().dump() == Json{{"id", "a"}, {"parts", items[i]}}.dump());
  }
}

TEST_CASE("the item may have a name of its own; the list is gone in any case") {
  Opened<Flatten> flatten(Json{{"field", "parts"}, {"output_key", "part"}});
  CHECK(fields_of(flatten.run({{"parts", {1, 2}}})) ==
        std::vector<Json>{{{"part", 1}}, {{"part", 2}}});
}

TEST_CASE("an empty list filters its record") {
  Opened<Flatten> flatten(Json{{"field", "parts"}});
  const testing::Outcome outcome = flatten.run({{"parts", Json::array()}});
  CHECK(outcome.status.ok());
  CHECK(outcome.filters == std::vector<std::string>{"'parts' is an empty list"});
}

TEST_CASE("a record without the list is an error that says what came") {
  Opened<Flatten> flatten(Json{{"field", "parts"}});
  CHECK(flatten.run({{"other", 1}}).status.message() ==
        "field 'parts': expected a list, the record has no such field");
  const testing::Outcome outcome = flatten.run({{"parts", "text"}});
  CHECK(outcome.status.message() == "field 'parts': expected a list, got string");
  CHECK(outcome.status.fault() == Fault::record);
}

TEST_CASE("flatten replaces another field only when it may") {
  const Json fields = {{"parts", {1}}, {"part", 0}};
  Opened<Flatten> flatten(Json{{"field", "parts"}, {"output_key", "part"}});
  const testing::Outcome outcome = flatten.run(fields);
  CHECK(outcome.status.message() ==
        "the record already has a field 'part'; give the item another name with `output_key`, or "
        "allow it to be replaced with `overwrite: true`");
  CHECK(outcome.status.fault() == Fault::run);
  Opened<Flatten> allowed(Json{{"field", "parts"}, {"output_key", "part"}, {"overwrite", true}});
  CHECK(fields_of(allowed.run(fields)) == std::vector<Json>{{{"part", 1}}});
}

TEST_CASE("a long list does not take the square of its length") {
  Opened<Flatten> flatten(Json{{"field", "parts"}});
  Json items = Json::array();
  for (int i = 0; i < 50000; ++i) items.push_back("item " + std::to_string(i));
  const testing::Outcome outcome = flatten.run({{"id", 1}, {"parts", std::move(items)}});
  REQUIRE(outcome.records.size() == 50000);
  CHECK(outcome.records.back().fields() == Json{{"id", 1}, {"parts", "item 49999"}});
}

}  // namespace rare::basic
