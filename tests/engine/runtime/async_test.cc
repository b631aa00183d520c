// Operators that wait: how many at once, and what happens when they or their service misbehave.
#include "catch.h"
#include "runtime_fixture.h"

using namespace rare::engine::test;
using Catch::Matchers::Contains;

namespace {

std::string asking(const std::string& service, const std::string& node, int count = 2000) {
  return "name: asking\nstop_after_errors: 100000\nservices:\n  echo: { use: test.echo, with: { " +
         service + " } }\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: " +
         std::to_string(count) + " } }\n  - " + node +
         "\n  - { name: result, use: test.collect }\n";
}

}  // namespace

TEST_CASE("parallelism bounds the records that wait, not the bodies that run") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      asking("", "{ name: ask, use: test.ask, parallelism: 6, with: { echo: echo, times: 3 } }"),
      state, observed, {.credits = 200});
  require_accounted(outcome);
  CHECK(observed.asked.load() == 6000);
  CHECK(observed.most_waiting.load() <= 6);
}

TEST_CASE("a thousand coroutines wait at once, on no thread of their own") {
  Observed observed;
  MemoryState state;
  // The service answers only when 1,000 wait: without as many in flight this would never end.
  const Outcome outcome = run_graph(
      asking("hold: 1000", "{ name: ask, use: test.ask, parallelism: 1000, with: { echo: echo } }",
             1000),
      state, observed, {.credits = 1000});
  CHECK(observed.most_waiting.load() == 1000);
  CHECK(outcome.started == 1000);
}

TEST_CASE("left out, parallelism follows the service") {
  Observed observed;
  MemoryState state;
  const Outcome outcome =
      run_graph(asking("concurrency: 5", "{ name: ask, use: test.ask, with: { echo: echo } }"),
                state, observed, {.credits = 200});
  require_accounted(outcome);
  CHECK(observed.most_waiting.load() <= 10);
}

TEST_CASE("with one credit a chain of waiting operators still ends") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      asking(
          "",
          "{ name: a, use: test.ask, parallelism: 4, with: { echo: echo } }\n  - { name: b, use: "
          "test.ask, parallelism: 4, with: { echo: echo } }",
          300),
      state, observed, {.credits = 1});
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 300);
}

TEST_CASE("a request that the service forgets is an error of its record, not a hang") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      asking("drop_by: 10", "{ name: ask, use: test.ask, parallelism: 8, with: { echo: echo } }"),
      state, observed);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.dead == 200);
  CHECK_THAT(state.dead_letters.front().reason, Contains("dropped this request"));
}

TEST_CASE("an exception before or after waiting costs its record") {
  const std::string later = GENERATE("false", "true");
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      asking("", "{ name: ask, use: test.throwing, parallelism: 8, with: { echo: echo, later: " +
                     later + " } }"),
      state, observed);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.dead == 2000);
  CHECK_THAT(state.dead_letters.front().reason, Contains("threw"));
}
