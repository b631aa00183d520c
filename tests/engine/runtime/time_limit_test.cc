// `timeout_s`: what takes too long costs its record and nothing else; who waits for a service that
// is not at work loses no time.
#include <chrono>
#include <string>

#include "catch.h"
#include "runtime_fixture.h"

using namespace rare::engine;
using namespace rare::engine::test;
using Catch::Matchers::StartsWith;

namespace {

std::string asking(int records, const std::string& service, const std::string& node) {
  return "name: limited\nstop_after_errors: 1000000\nservices:\n  echo: { use: test.slowly, with: "
         "{ " +
         service + " } }\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: " +
         std::to_string(records) +
         " } }\n  - { name: ask, use: test.ask, parallelism: 64, with: { echo: echo }, " + node +
         " }\n  - { name: result, use: test.collect }\n";
}

}  // namespace

TEST_CASE("a record whose time is over is a dead letter; its late answer changes nothing") {
  Observed observed;
  MemoryState state;
  const std::string order = GENERATE("input", "any");
  const Outcome outcome = run_graph(
      asking(200, "slow_by: 10, after_ms: 3000", "timeout_s: 1") + "order: " + order + "\n", state,
      observed);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 180);
  CHECK(outcome.tally.ledger.dead == 20);
  CHECK(outcome.late == 20);
  REQUIRE(state.dead_letters.size() == 20);
  for (const auto& letter : state.dead_letters) {
    CHECK(letter.node == "ask");
    CHECK(letter.record.at("n").get<int>() % 10 == 0);
    CHECK_THAT(letter.reason, StartsWith("took longer than 1 s (`timeout_s` of the node"));
  }
  for (const rare::Json& row : observed.rows["rows"]) {
    CHECK(row.at("fields").at("n").get<int>() % 10 != 0);
  }
}

TEST_CASE("an answer that comes in time ends the record as ever") {
  Observed observed;
  MemoryState state;
  const Outcome outcome =
      run_graph(asking(500, "slow_by: 2, after_ms: 5", "timeout_s: 60"), state, observed);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 500);
  CHECK(outcome.late == 0);
}

TEST_CASE("waiting for a service that is not at work does not count") {
  Observed observed;
  MemoryState state;
  const Outcome outcome =
      run_graph(asking(20, "slow_by: 2, after_ms: 1500, ready_late: true", "timeout_s: 0.5"), state,
                observed);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 20);
  CHECK(outcome.tally.ledger.dead == 0);
}

TEST_CASE("what does not answer in the time of grace is cut") {
  Observed observed;
  MemoryState state;
  Options options;
  options.grace_s = 0.2;
  const auto begun = std::chrono::steady_clock::now();
  const Outcome outcome = run_graph(asking(10, "slow_by: 10, after_ms: 600000", "timeout_s: 0.5"),
                                    state, observed, options);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.dead == 1);
  CHECK(outcome.late == 1);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::minutes(5));
}

TEST_CASE("the record and its time may end at once, a thousand times over") {
  Observed observed;
  MemoryState state;
  const std::string on_error = GENERATE("dead_letter", "drop");
  const Outcome outcome = run_graph(
      asking(2000, "after_ms: 5", "timeout_s: 0.005, on_error: " + on_error), state, observed);
  require_accounted(outcome);
  const auto& ledger = outcome.tally.ledger;
  CHECK(ledger.written + ledger.dead + ledger.dropped == 2000);
  CHECK(observed.rows["rows"].size() == ledger.written);
  CHECK(outcome.late == ledger.dead + ledger.dropped);
}

TEST_CASE("a node that a time limit frees goes on with the next record") {
  Observed observed;
  MemoryState state;
  std::string yaml = asking(12, "slow_by: 4, after_ms: 2500", "timeout_s: 0.5");
  yaml.replace(yaml.find("parallelism: 64"), 15, "parallelism: 1");
  Options options;
  options.credits = 1;
  const Outcome outcome = run_graph(yaml, state, observed, options);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 9);
  CHECK(outcome.tally.ledger.dead == 3);
}
