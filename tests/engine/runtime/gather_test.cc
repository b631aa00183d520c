// Whole-set nodes: they see everything, in the order of the run, before they give anything out.
#include "catch.h"
#include "runtime_fixture.h"

using namespace rare::engine;
using namespace rare::engine::test;

namespace {

std::string pipeline(const std::string& order, const std::string& nodes) {
  return "name: gathered\norder: " + order + R"(
services:
  echo: { use: test.echo }
nodes:
)" + nodes;
}

// Records overtake each other on their way to what comes next.
const std::string kShuffled = R"(
  - { name: numbers, use: test.numbers, with: { count: 2000 } }
  - { name: ask, use: test.ask, parallelism: 32, with: { echo: echo } }
)";

std::vector<std::int64_t> numbers(const Observed& observed, const std::string& sink = "rows") {
  std::vector<std::int64_t> result;
  const auto at = observed.rows.find(sink);
  if (at == observed.rows.end()) return result;
  for (const rare::Json& row : at->second) {
    result.push_back(row.at("fields").at("n").get<std::int64_t>());
  }
  return result;
}

}  // namespace

TEST_CASE("a whole-set node sees every record in the order of the input, whatever the order") {
  const std::string order = GENERATE("input", "any");
  const std::int64_t credits = GENERATE(1, 64);
  CAPTURE(order, credits);
  Observed observed;
  MemoryState state;
  const std::string nodes = kShuffled + R"(
  - { name: total, use: test.total }
  - { name: result, use: test.collect }
)";
  const Outcome outcome = run_graph(pipeline(order, nodes), state, observed, {.credits = credits});
  require_accounted(outcome);
  CHECK(outcome.exhausted);
  REQUIRE(observed.rows["rows"].size() == 1);
  const rare::Json& row = observed.rows["rows"][0];
  CHECK(row["id"] == "total:0");
  CHECK(row["fields"]["total"] == 1999 * 1000);
  const rare::Json& ids = row["fields"]["ids"];
  REQUIRE(ids.size() == 2000);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != std::to_string(i)) FAIL("record " << i << " is " << ids[i]);
  }
  const Ledger& ledger = outcome.tally.ledger;
  CHECK(ledger.to_string() == "2000 read + 1 made = 1 written + 2000 merged");
}

TEST_CASE("records that pass through keep their identity, and their order is the node's") {
  Observed observed;
  MemoryState state;
  const std::string nodes = R"(
  - { name: numbers, use: test.numbers, with: { count: 500 } }
  - { name: split, use: test.split, with: { into: 2 } }
  - { name: sort, use: test.sort }
  - { name: ask, use: test.ask, parallelism: 16, with: { echo: echo } }
  - { name: result, use: test.collect }
)";
  const Outcome outcome = run_graph(pipeline("input", nodes), state, observed, {.credits = 32});
  require_accounted(outcome);
  const auto& rows = observed.rows["rows"];
  REQUIRE(rows.size() == 1000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string expected = std::to_string(499 - i / 2) + "." + std::to_string(i % 2);
    if (rows[i].at("id") != expected) FAIL("row " << i << " is " << rows[i].at("id"));
  }
  CHECK(outcome.tally.ledger.to_string() == "500 read + 1500 made = 1000 written + 1000 merged");
}

TEST_CASE("what a whole-set node filters is counted by reason, and added up once") {
  Observed observed;
  MemoryState state;
  const std::string nodes = kShuffled + R"(
  - { name: first, use: test.first, with: { by: 7 } }
  - { name: result, use: test.collect }
)";
  const Outcome outcome = run_graph(pipeline("any", nodes), state, observed, {.credits = 64});
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.to_string() == "2000 read + 7 made = 7 written + 2000 merged");
  const NodeTally& first = outcome.tally.nodes[2];
  CHECK(first.in == 2000);
  CHECK(first.out == 7);
  CHECK(first.filtered == 1993);
  CHECK(first.filter_reasons.at("seen before") == 1993);
  CHECK(first.counters.at("looked_at") == 2000);
  CHECK(first.counters.at("ends") == 1);
}

TEST_CASE("levels follow each other; a node may read from several of them") {
  Observed observed;
  MemoryState state;
  const std::string nodes = kShuffled + R"(
  - { name: sort, use: test.sort }
  - { name: first, use: test.first, with: { by: 3 } }
  - { name: total, use: test.total, from: [ask, first] }
  - { name: both, use: test.pass, from: [sort, first] }
  - { name: result, use: test.collect, from: both }
  - { name: sum, use: test.collect, from: total, with: { name: sum } }
)";
  const Outcome outcome = run_graph(pipeline("input", nodes), state, observed, {.credits = 64});
  require_accounted(outcome);
  const std::vector<std::int64_t> rows = numbers(observed);
  REQUIRE(rows.size() == 2003);
  CHECK(rows[0] == 1999);
  CHECK(rows[1999] == 0);
  CHECK(std::vector<std::int64_t>(rows.begin() + 2000, rows.end()) ==
        std::vector<std::int64_t>{1999, 1998, 1997});
  CHECK(numbers(observed, "sum").at(0) == 1999 * 1000 + 1999 + 1998 + 1997);
  // What the last level takes in from two others, it sees level by level.
  const rare::Json& ids = observed.rows["sum"][0]["fields"]["ids"];
  REQUIRE(ids.size() == 2003);
  CHECK(ids[1999] == "1999");
  CHECK(ids[2000] == "1999");
  CHECK(ids[2002] == "1997");
}

TEST_CASE("a record that a whole-set node fails on is a dead letter of that node") {
  Observed observed;
  MemoryState state;
  const std::string nodes = kShuffled + R"(
  - { name: sort, use: test.sort, with: { fail_by: 100 } }
  - { name: result, use: test.collect }
)";
  const Outcome outcome = run_graph(pipeline("any", nodes), state, observed, {.credits = 64});
  require_accounted(outcome);
  CHECK(observed.rows["rows"].size() == 1980);
  REQUIRE(state.dead_letters.size() == 20);
  CHECK(state.dead_letters[0].node == "sort");
  CHECK(state.dead_letters[0].reason == "failed in the set");
  CHECK(state.dead_letters[0].id.to_string() == "1");
  CHECK(state.dead_letters[0].record.at("n") == 1);
  CHECK(outcome.tally.nodes[2].dead == 20);
}

TEST_CASE("a whole-set node that fails at its end stops the run") {
  Observed observed;
  MemoryState state;
  const std::string nodes = kShuffled + R"(
  - { name: sort, use: test.sort, with: { throw_at_end: true } }
  - { name: result, use: test.collect }
)";
  const Outcome outcome = run_graph(pipeline("any", nodes), state, observed, {.credits = 64});
  REQUIRE(outcome.fault.has_value());
  CHECK(outcome.fault->message() == "node 'sort' (test.sort): threw an exception: no end");
  CHECK(observed.rows["rows"].empty());
}

TEST_CASE("nothing in, nothing out, and the whole-set node still ends") {
  Observed observed;
  MemoryState state;
  const std::string nodes = R"(
  - { name: numbers, use: test.numbers, with: { count: 0 } }
  - { name: total, use: test.total }
  - { name: result, use: test.collect }
)";
  const Outcome outcome = run_graph(pipeline("input", nodes), state, observed);
  require_accounted(outcome);
  REQUIRE(observed.rows["rows"].size() == 1);
  CHECK(observed.rows["rows"][0]["fields"]["total"] == 0);
}

TEST_CASE("cut on any level and started again, the rows and the ledger are the same") {
  const std::string order = GENERATE("input", "any");
  CAPTURE(order);
  const std::string nodes = kShuffled + R"(
  - { name: first, use: test.first, with: { by: 1500 } }
  - { name: again, use: test.ask, parallelism: 8, with: { echo: echo } }
  - { name: sort, use: test.sort, with: { fail_by: 50 } }
  - { name: result, use: test.collect }
)";
  Observed undisturbed;
  MemoryState whole;
  require_accounted(run_graph(pipeline(order, nodes), whole, undisturbed, {.credits = 32}));
  REQUIRE(numbers(undisturbed).size() == 1470);

  Observed observed;
  MemoryState state;
  int starts = 0;
  for (std::int64_t cut_at = 300;; cut_at += 700) {
    ++starts;
    RunControl control;
    // The echo service is asked 2,000 times on the first level and 1,500 times on the second.
    observed.asked = 0;
    std::int64_t written = 0;
    observed.on_read = [&](std::uint64_t n) {
      if (static_cast<std::int64_t>(n) == cut_at) control.abort();
    };
    observed.on_write = [&](const rare::Json&) {
      if (++written == cut_at - 1400) starts % 2 == 0 ? control.drain() : control.abort();
    };
    const Outcome outcome =
        run_graph(pipeline(order, nodes), state, observed, {.credits = 32}, &control);
    REQUIRE(outcome.started == outcome.finished + outcome.abandoned);
    REQUIRE(outcome.tally.ledger.adds_up());
    if (outcome.exhausted && outcome.abandoned == 0) break;
    REQUIRE(starts < 20);
  }
  CHECK(starts > 3);
  CHECK(state.committed.tally.ledger == whole.committed.tally.ledger);
  CHECK(state.committed.tally.nodes[2].filtered == 500);
  CHECK(state.dead_letters.size() == whole.dead_letters.size());
  std::vector<std::int64_t> expected = numbers(undisturbed), rows = numbers(observed);
  if (order == "any") {
    std::sort(expected.begin(), expected.end());
    std::sort(rows.begin(), rows.end());
  }
  CHECK(rows == expected);
}
