// What a failing record costs: a dead letter, nothing, or the run.
#include "catch.h"
#include "runtime_fixture.h"

using namespace rare::engine::test;
using Catch::Matchers::Contains;
using rare::StatusCode;

namespace {

std::string with_node(const std::string& node, const std::string& top = {}) {
  return "name: failing\n" + top + R"(
nodes:
  - { name: numbers, use: test.numbers, with: { count: 300 } }
  - )" + node +
         R"(
  - { name: result, use: test.collect }
)";
}

}  // namespace

TEST_CASE("a dead letter keeps node, reason, attempts, evidence and the fields as they came in") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      with_node("{ name: risky, use: test.modulo, with: { fail_by: 100 } }"), state, observed);
  require_accounted(outcome);
  REQUIRE(state.dead_letters.size() == 3);
  CHECK(outcome.tally.ledger.written == 297);
  const auto& letter = state.dead_letters.front();
  CHECK(letter.id.to_string() == "1");
  CHECK(letter.node == "risky");
  CHECK(letter.reason == "failed on purpose");
  CHECK(letter.attempts == 3);
  CHECK(letter.raw == "evidence");
  CHECK(letter.record == rare::Json{{"n", 1}});
}

TEST_CASE("a record that its source cannot read is a dead letter of the source") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: unreadable
nodes:
  - { name: numbers, use: test.numbers, with: { count: 100, bad_every: 10 } }
  - { name: result, use: test.collect }
)",
                                    state, observed);
  require_accounted(outcome);
  REQUIRE(state.dead_letters.size() == 10);
  CHECK(state.dead_letters.front().node == "numbers");
  CHECK(state.dead_letters.front().id.to_string() == "9");
  CHECK(state.dead_letters.front().raw == "\xff raw");
  CHECK(outcome.tally.nodes[0].dead == 10);
}

TEST_CASE("on_error: drop counts and goes on") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      with_node("{ name: risky, use: test.modulo, on_error: drop, with: { throw_by: 100 } }"),
      state, observed);
  require_accounted(outcome);
  CHECK(state.dead_letters.empty());
  CHECK(outcome.tally.ledger.dropped == 3);
}

TEST_CASE("on_error: fail ends the run and names record and node") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      with_node("{ name: risky, use: test.modulo, on_error: fail, with: { fail_by: 100 } }"), state,
      observed);
  REQUIRE(outcome.fault);
  CHECK_THAT(outcome.fault->message(), Contains("record 1 failed, and on_error is 'fail': node "
                                                "'risky' (test.modulo): failed on purpose"));
  CHECK(outcome.started == outcome.finished + outcome.abandoned);
  CHECK(outcome.abandoned > 0);
}

TEST_CASE("emitting and then failing writes nothing of the record") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      with_node("{ name: torn, use: test.both }", "stop_after_errors: 1000"), state, observed);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.dead == 300);
  CHECK(observed.rows["rows"].empty());
}

TEST_CASE("an operator that neither emits nor filters is told so") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      with_node("{ name: mute, use: test.silent }", "stop_after_errors: 1000"), state, observed);
  require_accounted(outcome);
  REQUIRE(state.dead_letters.size() == 300);
  CHECK_THAT(state.dead_letters.front().reason, Contains("without emitting the record"));
  for (const auto& node : outcome.tally.nodes) CHECK(node.counters.empty());
}

TEST_CASE("too many dead letters end the run") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(
      with_node("{ name: torn, use: test.both }", "stop_after_errors: 5%"), state, observed);
  REQUIRE(outcome.fault);
  CHECK(outcome.fault->code() == StatusCode::internal);
  CHECK_THAT(outcome.fault->message(), Contains("stop_after_errors"));
}

TEST_CASE("what died in earlier starts of the run counts, too") {
  const std::string yaml = R"(
name: refusing
stop_after_errors: 20%
nodes:
  - { name: numbers, use: test.numbers, with: { count: 100 } }
  - { name: result, use: test.collect, with: { refuse_by: 10 } }
)";
  const std::uint64_t earlier_dead = GENERATE(0, 500);
  Observed observed;
  MemoryState state;
  state.committed.tally.ledger = {
      .read = 1000, .written = 1000 - earlier_dead, .dead = earlier_dead};
  state.begin();
  const Outcome outcome = run_graph(yaml, state, observed);
  CHECK(outcome.fault.has_value() == (earlier_dead == 500));
}

TEST_CASE("a sink that refuses a record makes it a dead letter") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: refusing
nodes:
  - { name: numbers, use: test.numbers, with: { count: 100 } }
  - { name: result, use: test.collect, with: { refuse_by: 10 } }
)",
                                    state, observed);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 90);
  CHECK(state.dead_letters.at(0).node == "result");
}

TEST_CASE("a sink that cannot write ends the run, and nothing torn is committed") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: full
nodes:
  - { name: numbers, use: test.numbers, with: { count: 100 } }
  - { name: split, use: test.split }
  - { name: result, use: test.collect, with: { break_at: 40 } }
)",
                                    state, observed);
  REQUIRE(outcome.fault);
  CHECK(outcome.fault->code() == StatusCode::resource_exhausted);
  CHECK_THAT(outcome.fault->message(), Contains("node 'result' (test.collect): no space left"));
  CHECK(state.committed.tally.ledger.written % 3 == 0);
  CHECK(state.committed.tally.ledger.adds_up());
}

TEST_CASE("a source that fails ends the run with its name") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: gone
nodes:
  - { name: numbers, use: test.numbers, with: { count: 100, fail_at: 50 } }
  - { name: result, use: test.collect }
)",
                                    state, observed);
  REQUIRE(outcome.fault);
  CHECK(outcome.fault->message() == "node 'numbers' (test.numbers): the input is gone");
  CHECK(outcome.started == 50);
}
