// A run that was interrupted goes on where it was committed, and ends as if it never had been.
#include <set>

#include "catch.h"
#include "runtime_fixture.h"

using namespace rare::engine;
using namespace rare::engine::test;

namespace {

std::string pipeline(const std::string& order) {
  return "name: resumed\norder: " + order + R"(
services:
  echo: { use: test.echo }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 3000, bad_every: 500 } }
  - { name: risky, use: test.modulo, parallelism: 2, with: { by: 11, fail_by: 97 } }
  - { name: split, use: test.split, with: { into: 2 } }
  - { name: ask, use: test.ask, parallelism: 16, with: { echo: echo } }
  - { name: result, use: test.collect }
)";
}

std::vector<std::string> ids(const Observed& observed) {
  std::vector<std::string> result;
  const auto at = observed.rows.find("rows");
  if (at == observed.rows.end()) return result;
  for (const rare::Json& row : at->second) result.push_back(row.at("id").get<std::string>());
  return result;
}

}  // namespace

TEST_CASE("cut at many moments and started again, a run gives the same rows and the same ledger") {
  const std::string order = GENERATE("input", "any");
  CAPTURE(order);
  Observed undisturbed;
  MemoryState whole;
  require_accounted(run_graph(pipeline(order), whole, undisturbed));

  Observed observed;
  MemoryState state;
  int starts = 0;
  for (std::uint64_t cut_at = 150;; cut_at += 400) {
    ++starts;
    RunControl control;
    observed.on_read = [&](std::uint64_t n) {
      if (n == cut_at) starts % 2 == 0 ? control.drain() : control.abort();
    };
    const Outcome outcome = run_graph(pipeline(order), state, observed, {.credits = 64}, &control);
    REQUIRE(outcome.started == outcome.finished + outcome.abandoned);
    REQUIRE(outcome.tally.ledger.adds_up());
    if (outcome.exhausted && outcome.abandoned == 0) break;
    REQUIRE(starts < 50);
  }
  CHECK(starts > 3);
  CHECK(state.committed.tally.ledger == whole.committed.tally.ledger);
  CHECK(state.dead_letters.size() == whole.dead_letters.size());
  std::vector<std::string> expected = ids(undisturbed);
  std::vector<std::string> got = ids(observed);
  if (order == "any") {
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
  }
  CHECK(got == expected);
}

TEST_CASE("limit ends early, and without it the rest is done") {
  Observed observed;
  MemoryState state;
  const Outcome first = run_graph(pipeline("input"), state, observed, {.limit = 100});
  require_accounted(first);
  CHECK(first.started == 100);
  const Outcome rest = run_graph(pipeline("input"), state, observed);
  require_accounted(rest);
  CHECK(rest.started == 2900);
  CHECK(state.committed.tally.ledger.read == 3000);
}

TEST_CASE("a second start of a finished run begins nothing") {
  Observed observed;
  MemoryState state;
  require_accounted(run_graph(pipeline("any"), state, observed));
  const auto rows = ids(observed);
  const Outcome again = run_graph(pipeline("any"), state, observed);
  require_accounted(again);
  CHECK(again.started == 0);
  CHECK(ids(observed) == rows);
}
