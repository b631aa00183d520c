// Every record is accounted for, whatever the graph, the credits and the threads.
#include <set>

#include "catch.h"
#include "runtime_fixture.h"
#include "sanitized.h"

using namespace rare::engine::test;
using rare::Json;

namespace {

constexpr std::uint64_t kRecords = rare::testing::kSanitized ? 20'000 : 100'000;

std::string fan_out_filter_and_errors() {
  return R"(
name: stress
order: any
stop_after_errors: 100%
nodes:
  - { name: numbers, use: test.numbers, with: { count: )" +
         std::to_string(kRecords) + R"(, bad_every: 1000 } }
  - { name: left, use: test.modulo, parallelism: 4, with: { by: 10 } }
  - { name: right, use: test.modulo, from: numbers, parallelism: 3, with: { fail_by: 100, throw_by: 50 } }
  - { name: joined, use: test.pass, from: [left, right], parallelism: 2 }
  - { name: result, use: test.collect, from: joined, with: { refuse_by: 77 } }
  - { name: copies, use: test.collect, from: right, with: { name: copies } }
)";
}

struct Expected {
  std::multiset<std::string> rows, copies;
  std::uint64_t filtered = 0, dead = 0;
};

// The same pipeline as a plain loop.
Expected sequential() {
  Expected expected;
  for (std::uint64_t n = 0; n < kRecords; ++n) {
    if (n % 1000 == 999) {
      ++expected.dead;
      continue;
    }
    const auto to_result = [&] {
      if (n % 77 == 1) {
        ++expected.dead;
      } else {
        expected.rows.insert(std::to_string(n));
      }
    };
    if (n % 10 == 0) {
      ++expected.filtered;
    } else {
      to_result();
    }
    if (n % 50 == 2 || n % 100 == 1) {
      ++expected.dead;
    } else {
      to_result();
      expected.copies.insert(std::to_string(n));
    }
  }
  return expected;
}

std::multiset<std::string> ids(const std::vector<Json>& rows) {
  std::multiset<std::string> result;
  for (const Json& row : rows) result.insert(row.at("id").get<std::string>());
  return result;
}

}  // namespace

TEST_CASE("fan-out, a filter and an error path lose and double nothing") {
  // 1000 is enough for full trains, 8 for pairs, 1 for none.
  const std::int64_t credits = GENERATE(1000, 8, 1);
  CAPTURE(credits);
  Observed observed;
  MemoryState state;
  const Outcome outcome =
      run_graph(fan_out_filter_and_errors(), state, observed, {.threads = 8, .credits = credits});
  require_accounted(outcome);
  CHECK(outcome.started == kRecords);
  const Expected expected = sequential();
  CHECK(outcome.tally.ledger.filtered == expected.filtered);
  CHECK(outcome.tally.ledger.dead == expected.dead);
  CHECK(state.dead_letters.size() == expected.dead);
  CHECK(ids(observed.rows["rows"]) == expected.rows);
  CHECK(ids(observed.rows["copies"]) == expected.copies);
}

TEST_CASE("never more records alive than credits") {
  const std::int64_t credits = GENERATE(1, 3, 8);
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: bound
nodes:
  - { name: numbers, use: test.numbers, with: { count: 5000 } }
  - { name: first, use: test.modulo, parallelism: 4, with: { by: 7 } }
  - { name: second, use: test.pass, parallelism: 4 }
  - { name: result, use: test.collect }
)",
                                    state, observed, {.threads = 8, .credits = credits});
  require_accounted(outcome);
  // The source reads one record ahead of its credit.
  CHECK(observed.most_alive.load() <= credits + 1);
}

TEST_CASE("one to many, ports and fan-in keep the ledger and give each record an id of its own") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: shapes
nodes:
  - { name: numbers, use: test.numbers, with: { count: 500 } }
  - { name: split, use: test.split, parallelism: 2, with: { into: 3 } }
  - { name: route, use: test.route, parallelism: 2 }
  - { name: even, use: test.pass, from: route.even }
  - { name: odd, use: test.split, from: route.odd, with: { into: 2 } }
  - { name: result, use: test.collect, from: [even, odd] }
)",
                                    state, observed, {.threads = 8, .credits = 4});
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.made == 500 * 2 + 250 * 3);
  CHECK(outcome.tally.ledger.written == 250 * 3 + 250 * 6);
  const auto seen = ids(observed.rows["rows"]);
  CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == seen.size());
  CHECK(seen.count("17.1.0") == 1);
  CHECK(seen.count("18.2") == 1);
}

TEST_CASE("several sources share the credits") {
  Observed observed;
  MemoryState state;
  const std::string order = GENERATE("input", "any");
  const Outcome outcome = run_graph("name: two\norder: " + order + R"(
nodes:
  - { name: few, use: test.numbers, with: { count: 30 } }
  - { name: many, use: test.numbers, with: { count: 3000 } }
  - { name: joined, use: test.pass, from: [few, many], parallelism: 4 }
  - { name: result, use: test.collect }
)",
                                    state, observed, {.threads = 8, .credits = 2});
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 3030);
  CHECK(ids(observed.rows["rows"]).count("many:29") == 1);
}
