// In what order rows reach a sink.
#include <cstddef>
#include <string>

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

// Both children of number 3 go on when all others have passed.
constexpr const char* kSlow = R"(
name: slow
order: input
stop_after_errors: 100%
services:
  echo: { use: test.echo }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 2000 } }
  - { name: split, use: test.split, with: { into: 2 } }
  - { name: ask, use: test.ask, parallelism: 8, with: { echo: echo } }
  - { name: last, use: test.last, parallelism: 8, with: { at: 3, others: 3998 } }
  - { name: some, use: test.modulo, with: { by: 5000, fail_by: 7 } }
  - { name: result, use: test.collect }
)";

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

// With few credits and no room in memory: what finished early must hold neither.
TEST_CASE("one slow record does not hold up the others, and they are written behind it") {
  for (const std::size_t window_bytes :
       {std::size_t{1}, std::size_t{4000}, std::size_t{64} << 20}) {
    CAPTURE(window_bytes);
    Observed observed;
    MemoryState state;
    const Outcome outcome =
        run_graph(kSlow, state, observed, {.credits = 16, .window_bytes = window_bytes});
    require_accounted(outcome);
    const auto& rows = observed.rows["rows"];
    CHECK(rows.size() + state.dead_letters.size() + outcome.tally.ledger.filtered == 4000);
    CHECK(outcome.tally.ledger.dead == state.dead_letters.size());
    CHECK_FALSE(state.dead_letters.empty());
    std::string before;
    for (const rare::Json& row : rows) {
      const auto id = row.at("id").get<std::string>();
      const std::string number(6 - id.find('.'), '0');
      if (!before.empty() && number + id < before) FAIL(id << " stands behind " << before);
      before = number + id;
    }
  }
}
