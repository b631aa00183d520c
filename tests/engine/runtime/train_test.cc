// Records travel together without waiting for each other.
#include "catch.h"
#include "runtime_fixture.h"

using namespace rare::engine::test;

TEST_CASE("a source that may wait has each record go on at once") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: waiting
nodes:
  - { name: waiting, use: test.waiting, with: { count: 200 } }
  - { name: pass, use: test.pass }
  - { name: result, use: test.collect }
)",
                                    state, observed);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 200);
}

TEST_CASE("a train of heavy records spreads over all instances of the node") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: heavy
nodes:
  - { name: numbers, use: test.numbers, with: { count: 64 } }
  - { name: slow, use: test.slow, parallelism: 4, with: { ms: 5 } }
  - { name: result, use: test.collect }
)",
                                    state, observed, {.credits = 1000});
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 64);
  CHECK(observed.most_slow.load() == 4);
}

TEST_CASE("records that fail, are filtered and pass in one train are told apart") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: mixed
stop_after_errors: 1000
nodes:
  - { name: numbers, use: test.numbers, with: { count: 640, bad_every: 8 } }
  - { name: mixed, use: test.modulo, with: { by: 4, fail_by: 8, throw_by: 8 } }
  - { name: result, use: test.collect }
)",
                                    state, observed, {.credits = 1000});
  require_accounted(outcome);
  // Of each eight: 0 and 4 filtered, 1 failed, 2 threw, 7 could not be read.
  CHECK(outcome.tally.ledger.filtered == 160);
  CHECK(outcome.tally.ledger.dead == 240);
  CHECK(outcome.tally.nodes[0].dead == 80);
  CHECK(outcome.tally.nodes[1].dead == 160);
  CHECK(outcome.tally.nodes[1].in == 560);
  CHECK(outcome.tally.nodes[1].out == 240);
  CHECK(outcome.tally.ledger.written == 240);
  for (const auto& letter : state.dead_letters) {
    if (letter.node == "mixed") CHECK(letter.record.size() == 1);  // as they came in
  }
}
