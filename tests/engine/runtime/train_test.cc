// Records travel together without waiting for each other.
#include <algorithm>
#include <coroutine>
#include <string>
#include <vector>

#include "catch.h"
#include "engine/runtime/resume_threads.h"
#include "rare/detached.h"
#include "runtime_fixture.h"

using namespace rare::engine::test;
using rare::engine::ResumeThreads;

namespace {

struct OntoThreads {
  ResumeThreads& threads;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) { threads.resume(self); }
  void await_resume() const noexcept {}
};

rare::detail::Detached go_on(ResumeThreads& threads, std::vector<std::string>& done) {
  OntoThreads onto{threads};
  co_await onto;
  const bool is_left =
      ResumeThreads::do_afterwards([&done] { done.emplace_back("what was left"); });
  done.emplace_back(is_left ? "coroutine" : "refused");
}

}  // namespace

TEST_CASE("what a coroutine leaves is looked after when it has ended, before the thread does") {
  std::vector<std::string> done;
  {
    ResumeThreads threads(1);
    for (int i = 0; i < 100; ++i) go_on(threads, done);
  }
  CHECK(std::count(done.begin(), done.end(), "coroutine") == 100);
  CHECK(std::count(done.begin(), done.end(), "what was left") == 100);
  CHECK(done.front() == "coroutine");
  CHECK(done.back() == "what was left");
  CHECK_FALSE(ResumeThreads::do_afterwards([] {}));  // this is no such thread
}

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

TEST_CASE("a source that says that it has nothing yet leaves the one thread to others") {
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(R"(
name: waiting
nodes:
  - { name: waiting, use: test.waiting, with: { count: 50, says_so: true } }
  - { name: pass, use: test.pass }
  - { name: result, use: test.collect }
)",
                                    state, observed, {.threads = 1});
  require_accounted(outcome);
  CHECK(outcome.exhausted);
  CHECK(outcome.tally.ledger.read == 50);
  CHECK(outcome.tally.ledger.written == 50);
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
