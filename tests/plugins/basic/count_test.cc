#include "count.h"

#include "basic_fixture.h"
#include "rare/random.h"

namespace rare::basic {
namespace {

std::vector<Json> counted(const Json& parameters, const std::vector<Json>& input) {
  Opened<Count> count(parameters);
  REQUIRE(count.status.ok());
  std::vector<Record> records;
  for (std::size_t i = 0; i < input.size(); ++i) records.push_back(record(input[i], i));
  const testing::Outcome outcome = testing::gather(*count.op, std::move(records));
  INFO(outcome.status.message());
  REQUIRE(outcome.status.ok());
  return fields_of(outcome);
}

}  // namespace

TEST_CASE("all records are counted into one") {
  CHECK(counted(Json::object(), {{{"a", 1}}, {{"b", 1}}, Json::object()}) ==
        std::vector<Json>{{{"count", 3}}});
  CHECK(counted(Json::object(), {}) == std::vector<Json>{{{"count", 0}}});
}

TEST_CASE("each value of a field is counted, in jq's order, none as null") {
  CHECK(counted({{"field", "v"}}, {{{"v", "b"}},
                                   {{"v", 1}},
                                   {{"v", "\u00e9"}},
                                   {{"v", 1.0}},
                                   {{"w", 1}},
                                   {{"v", nullptr}},
                                   {{"v", {1, 2}}},
                                   {{"v", "b"}}}) ==
        std::vector<Json>{{{"value", nullptr}, {"count", 2}},
                          {{"value", 1}, {"count", 2}},
                          {{"value", "b"}, {"count", 2}},
                          {{"value", "\u00e9"}, {"count", 1}},
                          {{"value", {1, 2}}, {"count", 1}}});
  CHECK(counted({{"field", "v"}}, {}).empty());
}

TEST_CASE("memory and disk count the same") {
  Random random(5);
  std::vector<Json> input;
  for (int i = 0; i < 30000; ++i) {
    input.push_back({{"v", "value " + std::to_string(random.below(9000)) + std::string(100, 'x')}});
  }
  const std::vector<Json> memory = counted({{"field", "v"}, {"memory_limit_mb", 1024}}, input);
  CHECK(counted({{"field", "v"}, {"memory_limit_mb", 1}}, input) == memory);
  std::uint64_t total = 0;
  for (const Json& group : memory) total += group["count"].get<std::uint64_t>();
  CHECK(total == input.size());
}

}  // namespace rare::basic
