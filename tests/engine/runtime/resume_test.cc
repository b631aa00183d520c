// A run that was interrupted goes on where it was committed, and ends as if it never had been.
#include <map>
#include <mutex>
#include <set>

#include "catch.h"
#include "engine/runtime/row.h"
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

// Outlives the starts of a run, as the file does.
class RepliesInMemory final : public rare::ReplyStore {
 public:
  using Found = rare::Result<std::optional<rare::StoredReply>>;
  void find(std::string key, Scope, std::function<void(Found)> done) override {
    std::optional<rare::StoredReply> found;
    {
      const std::lock_guard lock(mutex_);
      if (const auto at = kept_.find(key); at != kept_.end()) found = at->second;
    }
    done(std::move(found));
  }
  void put(std::string key, rare::StoredReply reply,
           std::function<void(rare::Status)> done) override {
    {
      const std::lock_guard lock(mutex_);
      kept_[key] = std::move(reply);
    }
    done(rare::Status());
  }
  std::size_t size() const { return kept_.size(); }
  std::map<std::string, rare::StoredReply>& kept() { return kept_; }

 private:
  std::mutex mutex_;
  std::map<std::string, rare::StoredReply> kept_;
};

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
  // What counted before it failed does not count; every other record does once.
  const std::vector<NodeTally>& nodes = state.committed.tally.nodes;
  CHECK(nodes[1].counters.at("worked_on") == nodes[1].in - nodes[1].dead);
  CHECK(nodes[2].counters.at("children") == 2 * nodes[2].in);
  CHECK(nodes[1].counters == whole.committed.tally.nodes[1].counters);
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

TEST_CASE("what a nondeterministic node gave out is kept, and no later start works on it again") {
  constexpr std::int64_t kRecords = 700;
  const std::string yaml = R"(
name: drawn
order: input
services:
  echo: { use: test.echo }
nodes:
  - { name: numbers, use: test.numbers, with: { count: 700 } }
  - { name: draw, use: test.draw, parallelism: 2 }
  - { name: later, use: test.draw_later, parallelism: 8 }
  - { name: ask, use: test.ask, parallelism: 16, with: { echo: echo } }
  - { name: result, use: test.collect }
)";
  Observed observed;
  MemoryState state;
  RepliesInMemory replies;
  int starts = 0;
  for (std::uint64_t cut_at = 100;; cut_at += 100) {
    ++starts;
    RunControl control;
    observed.on_read = [&](std::uint64_t n) {
      if (n == cut_at) control.abort();
    };
    const Outcome outcome =
        run_graph(yaml, state, observed, {.credits = 64, .replies = &replies}, &control);
    if (outcome.exhausted && outcome.abandoned == 0) break;
    REQUIRE(starts < 50);
  }
  CHECK(starts > 3);
  CHECK(observed.read > kRecords);  // some were begun again
  CHECK(observed.drawn == kRecords);
  CHECK(state.committed.tally.nodes[1].counters.at("drawn") == kRecords);
  const std::int64_t passed = kRecords - kRecords / 7;
  CHECK(observed.drawn_later == 2 * passed);
  CHECK(replies.size() == static_cast<std::size_t>(kRecords + passed));
  std::set<std::int64_t> drawn, drawn_later;
  for (const rare::Json& row : observed.rows.at("rows")) {
    drawn.insert(row.at("fields").at("drawn").get<std::int64_t>());
    drawn_later.insert(row.at("fields").at("drawn_later").get<std::int64_t>());
  }
  CHECK(observed.rows.at("rows").size() == static_cast<std::size_t>(2 * passed));
  CHECK(drawn.size() == static_cast<std::size_t>(passed));
  CHECK(drawn_later.size() == static_cast<std::size_t>(2 * passed));
}

TEST_CASE("of a node that its parameter calls deterministic nothing is kept") {
  const std::string yaml = R"(
name: drawn
nodes:
  - { name: numbers, use: test.numbers, with: { count: 20 } }
  - { name: draw, use: test.draw, with: { same: true } }
  - { name: result, use: test.collect }
)";
  Observed observed;
  MemoryState state;
  RepliesInMemory replies;
  require_accounted(run_graph(yaml, state, observed, {.credits = 8, .replies = &replies}));
  CHECK(observed.drawn == 20);
  CHECK(replies.size() == 0);
}

TEST_CASE("another record of the same identity is not given what was kept for the first") {
  const auto yaml = [](int add) {
    return "name: drawn\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: 50, add: " +
           std::to_string(add) +
           " } }\n  - { name: draw, use: test.draw }\n  - { name: result, use: test.collect }\n";
  };
  Observed observed;
  RepliesInMemory replies;
  for (const int add : {0, 1000}) {
    MemoryState state;  // as when the output was removed: the run keeps its name
    require_accounted(run_graph(yaml(add), state, observed, {.replies = &replies}));
  }
  CHECK(observed.drawn == 100);
  for (const rare::Json& row : observed.rows.at("rows")) {
    CHECK(row.at("fields").at("n").get<int>() >= 1000);
  }
}

TEST_CASE("what was kept is given out by a version of the operator that counts other things, too") {
  Observed observed;
  RepliesInMemory replies;
  for (int start = 1; start <= 2; ++start) {
    MemoryState state;
    const Outcome outcome = run_graph(
        "name: drawn\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: 5 } }\n"
        "  - { name: draw, use: test.draw }\n  - { name: result, use: test.collect }\n",
        state, observed, {.replies = &replies});
    require_accounted(outcome);
    CHECK(outcome.tally.ledger.dead == 0);
    CHECK(state.committed.tally.nodes[1].counters ==
          std::map<std::string, std::uint64_t>{{"drawn", 5}});
    CHECK(observed.drawn == 5);
    for (auto& [key, reply] : replies.kept()) {
      const auto counted = from_bytes(reply.body, [](rare::Json& all) {
        all["counted"]["as an earlier version called it"] = 1;
        return all;
      });
      REQUIRE(counted.ok());
      reply.body = as_bytes(*counted);
    }
  }
}

TEST_CASE("a record for which nothing was given out is worked on again") {
  Observed observed;
  RepliesInMemory replies;
  for (int start = 1; start <= 2; ++start) {
    MemoryState state;
    run_graph(
        "name: mute\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: 5 } }\n"
        "  - { name: mute, use: test.mute }\n  - { name: result, use: test.collect }\n",
        state, observed, {.replies = &replies});
    CHECK(observed.drawn == 5 * start);
  }
  CHECK(replies.size() == 0);
}
