#include "limit.h"

#include "basic_fixture.h"

namespace rare::basic {
namespace {

testing::Outcome limited(const Json& parameters, int records) {
  Opened<Limit> limit(parameters);
  REQUIRE(limit.status.ok());
  std::vector<Record> input;
  for (int i = 0; i < records; ++i) input.push_back(record({{"i", i}}, i));
  return testing::gather(*limit.op, std::move(input));
}

}  // namespace

TEST_CASE("the first records pass, the others are filtered") {
  const testing::Outcome outcome = limited({{"count", 2}}, 5);
  CHECK(fields_of(outcome) == std::vector<Json>{{{"i", 0}}, {{"i", 1}}});
  CHECK(outcome.records[1].id().to_string() == "1");
  CHECK(outcome.filters == std::vector<std::string>(3, "limit"));
}

TEST_CASE("some may be skipped before them") {
  const testing::Outcome outcome = limited({{"count", 2}, {"skip", 1}}, 4);
  CHECK(fields_of(outcome) == std::vector<Json>{{{"i", 1}}, {{"i", 2}}});
  CHECK(outcome.filters == std::vector<std::string>{"skip", "limit"});
}

TEST_CASE("a limit of nothing, of more than there is, and of an empty input") {
  CHECK(limited({{"count", 0}}, 3).records.empty());
  CHECK(limited({{"count", 9}}, 3).records.size() == 3);
  CHECK(limited({{"count", 9}}, 0).records.empty());
  CHECK(limited({{"count", 1}, {"skip", 9}}, 3).filters == std::vector<std::string>(3, "skip"));
  CHECK(limited({{"count", 18446744073709551615ULL}, {"skip", 1}}, 3).records.size() == 2);
}

}  // namespace rare::basic
