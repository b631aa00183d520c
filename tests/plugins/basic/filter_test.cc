#include "filter.h"

#include "basic_fixture.h"

namespace rare::basic {

TEST_CASE("filter keeps what its expression holds for, and says why it filters the rest") {
  Opened<Filter> filter(Json{{"where", ".words > 2"}});
  const testing::Outcome kept = filter.run({{"words", 3}});
  CHECK(fields_of(kept) == std::vector<Json>{{{"words", 3}}});
  const testing::Outcome filtered = filter.run({{"words", 2}});
  CHECK(filtered.status.ok());
  CHECK(filtered.records.empty());
  CHECK(filtered.filters == std::vector<std::string>{"not (.words > 2)"});

  Opened<Filter> named(Json{{"where", ".words > 2"}, {"reason", "too short"}});
  CHECK(named.run({{"words", 1}}).filters == std::vector<std::string>{"too short"});
}

TEST_CASE("what filter keeps went through no jq: numbers and id stay as they are") {
  Opened<Filter> filter(Json{{"where", ".id | type == \"number\""}});
  const Json fields = {{"id", 9007199254740993}, {"f", 1.0}, {"t", "\u00fc"}};
  const testing::Outcome outcome = filter.run(fields, 17);
  REQUIRE(outcome.records.size() == 1);
  CHECK(outcome.records[0].fields().dump() == fields.dump());
  CHECK(outcome.records[0].id().to_string() == "17");
}

TEST_CASE("an expression that fails on a record filters nothing: it is an error") {
  Opened<Filter> filter(Json{{"where", ".a.b"}});
  const testing::Outcome outcome = filter.run({{"a", "text"}});
  CHECK(outcome.status.message() == "`where` (.a.b): jq: Cannot index string with string \"b\"");
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(outcome.filters.empty());
}

TEST_CASE("a broken expression stops filter before the first record") {
  CHECK(open_error<Filter>({{"where", ".a ="}}) ==
        "parameter `where`: jq cannot compile `.a =`: syntax error, unexpected $end, line 1");
}

TEST_CASE("filters of 8 threads give the same as one") {
  std::vector<std::vector<std::string>> kept(8);
  on_8_threads([&](int thread) {
    testing::TestContext context;
    auto op = testing::make<Filter>({{"where", ".n % 3 == 0"}});
    if (!op->open(context).ok()) return;
    for (int n = 0; n < 300; ++n) {
      const testing::Outcome outcome = testing::run(*op, record({{"n", n}}));
      for (const Record& one : outcome.records) kept[thread].push_back(one.fields().dump());
    }
  });
  CHECK(kept[0].size() == 100);
  for (const auto& of_thread : kept) CHECK(of_thread == kept[0]);
}

}  // namespace rare::basic
