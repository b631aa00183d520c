// Records that wait for a service that is not ready hold up nothing else, and come back all.
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "catch.h"
#include "engine/runtime/parking.h"
#include "runtime_fixture.h"
#include "sanitized.h"
#include "scratch_folder.h"

using namespace rare::engine;
using namespace rare::engine::test;
using rare::Json;
using rare::Record;
using rare::RecordId;

namespace {

constexpr std::int64_t kRecords = rare::testing::kSanitized ? 2'000 : 10'000;

// numbers -> first (waits for a service that is ready) -> ask (one that is not) -> result.
std::string waiting(std::int64_t ready_at, const std::string& order, const std::string& more = "") {
  return "name: parked\norder: " + order + "\nservices:\n  echo: { use: test.echo }\n" +
         "  late: { use: test.opens_late, with: { at: " + std::to_string(ready_at) + more +
         " } }\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: " +
         std::to_string(kRecords) +
         " } }\n  - { name: first, use: test.ask, with: { echo: echo } }\n"
         "  - { name: ask, use: test.ask, parallelism: 4, with: { echo: late } }\n"
         "  - { name: result, use: test.collect }\n";
}

Envelope family_of(std::uint64_t ordinal) {
  Envelope envelope;
  const RecordId id(0, nullptr, ordinal);
  envelope.record = Record(Json{{"n", ordinal}, {"text", "\xff is no text"}}, id);
  envelope.family = Branch(std::make_unique<Family>(id).release());
  return envelope;
}

}  // namespace

TEST_CASE("a service that is ready only when all was read gets every record, with few credits") {
  const std::string order = GENERATE("input", "any");
  const std::int64_t closes_at = GENERATE(-1, 100);
  CAPTURE(order, closes_at);
  Observed observed;
  MemoryState state;
  Options options;
  options.credits = 32;
  // Were a credit to stand before it for each record, it would never be ready.
  const Outcome outcome =
      run_graph(waiting(kRecords, order, ", closes_at: " + std::to_string(closes_at)), state,
                observed, options);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == static_cast<std::uint64_t>(kRecords));
  REQUIRE(observed.rows["rows"].size() == static_cast<std::size_t>(kRecords));
  if (order == "input") {
    for (std::int64_t n = 0; n < kRecords; ++n) {
      REQUIRE(observed.rows["rows"][static_cast<std::size_t>(n)].at("fields").at("n") == n);
    }
  }
}

TEST_CASE("behind a fan-out, too, no credit stands before a service that is not ready") {
  const std::string order = GENERATE("input", "any");
  CAPTURE(order);
  Observed observed;
  MemoryState state;
  Options options;
  options.credits = 24;
  // Ready when all was read: 10 of the 1,000 are dead, 490 of the others go one way only.
  const Outcome outcome = run_graph("name: parked\norder: " + order + R"(
stop_after_errors: 100%
services:
  late: { use: test.opens_late, with: { at: 1000 } }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 1000, bad_every: 100 } }
  - { name: left, use: test.modulo, with: { by: 2 } }
  - { name: right, use: test.pass, from: numbers }
  - { name: split, use: test.split, from: [left, right], with: { into: 2 } }
  - { name: ask, use: test.ask, parallelism: 4, with: { echo: late } }
  - { name: other, use: test.ask, parallelism: 1, with: { echo: late }, from: numbers }
  - { name: result, use: test.collect, from: [ask, other, right] }
)",
                                    state, observed, options);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.dead == 10);
  CHECK(observed.rows["rows"].size() == outcome.tally.ledger.written);
  CHECK(outcome.tally.ledger.written == 2 * (990 + 490) + 990 + 990);
}

TEST_CASE("children that come in parts are parked with their credits, and all come back") {
  Observed observed;
  MemoryState state;
  Options options;
  options.credits = GENERATE(1, 6);
  options.children_records = 8;
  const Outcome outcome = run_graph(R"(
name: parked
order: input
services:
  late: { use: test.opens_late, with: { at: 1 } }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 40 } }
  - { name: split, use: test.split, with: { into: 50 } }
  - { name: ask, use: test.ask, parallelism: 2, with: { echo: late } }
  - { name: result, use: test.collect }
)",
                                    state, observed, options);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 2'000);
}

TEST_CASE("parked branches of families in memory are given up when the run is stopped") {
  Observed observed;
  MemoryState state;
  RunControl control;
  Options options;
  options.credits = 8;
  observed.on_read = [&](std::uint64_t n) {
    if (n == 500) control.drain();
  };
  const std::string yaml = R"(
name: parked
services:
  late: { use: test.opens_late, with: { at: 501 } }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 1000 } }
  - { name: split, use: test.split, with: { into: 3 } }
  - { name: ask, use: test.ask, parallelism: 4, with: { echo: late } }
  - { name: result, use: test.collect }
)";
  const Outcome first = run_graph(yaml, state, observed, options, &control);
  CHECK_FALSE(first.fault.has_value());
  CHECK(first.started == first.finished + first.abandoned);
  CHECK(first.abandoned > 0);
  observed.on_read = {};
  const Outcome second = run_graph(yaml, state, observed, options);
  REQUIRE_FALSE(second.fault.has_value());
  CHECK(second.started == second.finished);
  CHECK(state.committed.tally.ledger.written == 3'000);
}

TEST_CASE("who stops a run while records are parked finds them in the next start, each once") {
  Observed observed;
  MemoryState state;
  RunControl control;
  Options options;
  options.credits = 32;
  observed.on_read = [&](std::uint64_t n) {
    if (n == 500) control.drain();
  };
  // Ready at what is never read in this start; draining gives up the parked and cuts nothing else.
  const std::string yaml = waiting(501, "input");
  const Outcome first = run_graph(yaml, state, observed, options, &control);
  CHECK(first.started == first.finished + first.abandoned);
  CHECK(first.abandoned > 0);
  CHECK_FALSE(first.fault.has_value());
  state.begin();
  observed.on_read = {};
  const Outcome second = run_graph(yaml, state, observed, options);
  REQUIRE_FALSE(second.fault.has_value());
  CHECK(second.started == second.finished);
  CHECK(state.committed.tally.ledger.written == static_cast<std::uint64_t>(kRecords));
  std::set<std::string> ids;
  for (const Json& row : observed.rows["rows"]) ids.insert(row.at("id").get<std::string>());
  CHECK(ids.size() == static_cast<std::size_t>(kRecords));
}

TEST_CASE("parking gives back what it took: fields, identity, counts") {
  const rare::testing::ScratchFolder folder;
  std::atomic<std::uint64_t> waiting{0};
  Parking parking(folder.path(), waiting);
  for (std::uint64_t n = 0; n < 3; ++n) {
    Envelope envelope = family_of(n);
    envelope.family->count_emission(1, 1, 1, 0, 0);
    REQUIRE(parking.park(envelope) == Parking::Parked::rests);
    CHECK_FALSE(envelope.family);
  }
  CHECK(parking.size() == 3);
  for (std::uint64_t n = 0; n < 2; ++n) {
    auto taken = parking.take();
    REQUIRE(taken.ok());
    REQUIRE(taken->has_value());
    Envelope envelope = std::move(**taken);
    CHECK(envelope.record.fields() == family_of(n).record.fields());
    CHECK(envelope.record.id().ordinal() == n);
    CHECK(envelope.family->root.ordinal() == n);
    CHECK(envelope.family->has_one_branch());
    Family* family = envelope.family.release();
    REQUIRE(family->end_branch().last);
    Tally tally(2);
    family->add_to(tally);
    CHECK(tally.nodes[1].out == 1);
    CHECK(tally.ledger.read == 1);
    delete family;
  }
  CHECK(parking.clear().families == 1);
  auto none = parking.take();
  REQUIRE(none.ok());
  CHECK_FALSE(none->has_value());
}

TEST_CASE("a family with several branches rests when all of them wait, and stays in memory") {
  const rare::testing::ScratchFolder folder;
  std::atomic<std::uint64_t> waiting{0};
  Parking here(folder.path(), waiting), there(folder.path(), waiting);
  Envelope one = family_of(7);
  one.family->add_branches(2);
  Envelope two;
  two.record = Record(Json{{"n", 8}}, one.record.id().child({1, 0, true}));
  two.family = Branch(one.family.get());
  Branch third(one.family.get());

  CHECK(here.park(one) == Parking::Parked::keeps_credit);
  CHECK(there.park(two) == Parking::Parked::keeps_credit);
  // The third branch ends: the others all wait.
  const Family::Ended ended = third.release()->end_branch();
  CHECK_FALSE(ended.last);
  CHECK(ended.rests);

  auto first = there.take_kept();
  REQUIRE(first.has_value());
  CHECK(first->rested);
  CHECK(first->error.ok());
  CHECK(first->envelope.record.fields() == Json{{"n", 8}});
  CHECK(first->envelope.record.id().to_string() == "7.1");
  CHECK_FALSE(there.take_kept().has_value());

  Parking::Cleared cleared = here.clear();
  REQUIRE(cleared.kept.size() == 1);
  CHECK_FALSE(cleared.kept[0].rested);
  CHECK(cleared.families == 0);
  CHECK(here.size() == 0);
  CHECK_FALSE(cleared.kept[0].envelope.family.release()->end_branch().last);
  Family* const family = first->envelope.family.release();
  CHECK(family->end_branch().last);
  delete family;
}

TEST_CASE("what cannot be parked stays as it was") {
  std::atomic<std::uint64_t> waiting{0};
  Parking nowhere("/nowhere/at/all", waiting);
  Envelope envelope = family_of(7);
  CHECK(nowhere.park(envelope) == Parking::Parked::no);
  REQUIRE(envelope.family);
  CHECK(envelope.record.fields()["n"] == 7);

  const rare::testing::ScratchFolder folder;
  Parking full(folder.path(), waiting, {16, 1000});
  CHECK(full.park(envelope) == Parking::Parked::no);
  REQUIRE(envelope.family);

  envelope.family->add_branches(1);
  Branch other(envelope.family.get());
  Parking no_memory(folder.path(), waiting, {1u << 20, 16});
  CHECK(no_memory.park(envelope) == Parking::Parked::no);
  REQUIRE(envelope.family);
  CHECK(waiting == 0);
}
