// In what order rows reach a sink.
#include "catch.h"
#include "runtime_fixture.h"

using namespace rare::engine::test;

namespace {

std::string asked(const std::string& order) {
  return "name: ordered\norder: " + order + R"(
services:
  echo: { use: test.echo }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 2000 } }
  - { name: split, use: test.split, with: { into: 2 } }
  - { name: ask, use: test.ask, parallelism: 32, with: { echo: echo } }
  - { name: result, use: test.collect }
)";
}

}  // namespace

TEST_CASE("order: input writes families in the order of the input, children in theirs") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(asked("input"), state, observed, {.credits = 64});
  require_accounted(outcome);
  const auto& rows = observed.rows["rows"];
  REQUIRE(rows.size() == 4000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string expected = std::to_string(i / 2) + "." + std::to_string(i % 2);
    if (rows[i].at("id") != expected) FAIL("row " << i << " is " << rows[i].at("id"));
  }
}

TEST_CASE("order: any keeps the members of a family together") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(asked("any"), state, observed, {.credits = 64});
  require_accounted(outcome);
  const auto& rows = observed.rows["rows"];
  REQUIRE(rows.size() == 4000);
  for (std::size_t i = 0; i < rows.size(); i += 2) {
    const auto first = rows[i].at("id").get<std::string>();
    const auto second = rows[i + 1].at("id").get<std::string>();
    if (first.back() != '0' || second.back() != '1' ||
        first.substr(0, first.find('.')) != second.substr(0, second.find('.'))) {
      FAIL("row " << i << ": " << first << " is followed by " << second);
    }
  }
}

TEST_CASE("a window too small for what waits holds credits back and still ends") {
  Observed observed;
  MemoryState state;
  const Outcome outcome =
      run_graph(asked("input"), state, observed, {.credits = 16, .window_bytes = 1});
  require_accounted(outcome);
  CHECK(observed.rows["rows"].size() == 4000);
}
