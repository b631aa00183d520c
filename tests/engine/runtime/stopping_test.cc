// How a run ends before its time.
#include <thread>

#include "catch.h"
#include "runtime_fixture.h"

using namespace rare::engine;
using namespace rare::engine::test;

namespace {
// The service never answers of itself: only cutting it ends this run.
constexpr const char* kStuck = R"(
name: stuck
services:
  echo: { use: test.echo, with: { hold: 1000000 } }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 1000 } }
  - { name: ask, use: test.ask, parallelism: 50, with: { echo: echo } }
  - { name: result, use: test.collect }
)";
}  // namespace

TEST_CASE("draining lets what is in flight finish") {
  Observed observed;
  MemoryState state;
  RunControl control;
  observed.on_read = [&](std::uint64_t n) {
    if (n == 500) control.drain();
  };
  const Outcome outcome = run_graph(R"(
name: drained
services:
  echo: { use: test.echo }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 100000 } }
  - { name: ask, use: test.ask, parallelism: 20, with: { echo: echo } }
  - { name: result, use: test.collect }
)",
                                    state, observed, {.credits = 100}, &control);
  require_accounted(outcome);
  CHECK_FALSE(outcome.exhausted);
  CHECK(outcome.started == 501);
  CHECK(state.committed.sources.at("numbers").next_ordinal == 501);
}

TEST_CASE("aborting cuts what waits; nothing of it is committed") {
  Observed observed;
  MemoryState state;
  RunControl control;
  std::thread stopper([&] {
    while (observed.waiting.load() < 50) std::this_thread::yield();
    control.abort();
  });
  const Outcome outcome = run_graph(kStuck, state, observed, {.credits = 100}, &control);
  stopper.join();
  CHECK_FALSE(outcome.fault);
  CHECK(outcome.started == outcome.finished + outcome.abandoned);
  CHECK(outcome.finished == 0);
  CHECK(observed.rows["rows"].empty());
  CHECK(state.committed.tally.ledger.read == 0);
}

TEST_CASE("a run fault ends a run whose other records wait for ever") {
  Observed observed;
  MemoryState state;
  RunControl control;
  std::thread stopper([&] {
    while (observed.waiting.load() < 50) std::this_thread::yield();
    control.fail(
        rare::Status::run_fault(rare::StatusCode::permission_denied, "the key was rejected"));
    control.fail(rare::Status::run_fault(rare::StatusCode::internal, "a later fault"));
  });
  const Outcome outcome = run_graph(kStuck, state, observed, {.credits = 100}, &control);
  stopper.join();
  REQUIRE(outcome.fault);
  CHECK(outcome.fault->message() == "the key was rejected");
}
