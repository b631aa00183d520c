// What is told of each record in each node, and whose code a thread runs after a wait.
#include "engine/observe/work_observer.h"

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "engine/observe/log_tail.h"
#include "runtime_fixture.h"

using namespace rare::engine;
using namespace rare::engine::test;
using std::chrono::milliseconds;

namespace {

class Told final : public WorkObserver {
 public:
  struct Node {
    std::multiset<std::string> ids;
    std::uint64_t of_no_record = 0, failed = 0, filtered = 0;
    std::chrono::nanoseconds running{}, waited{}, cpu{};
    bool possible = true;
  };
  void visited(const NodeVisit& visit) override {
    const std::lock_guard lock(mutex_);
    Node& node = nodes[visit.node];
    visit.id == nullptr ? void(++node.of_no_record) : void(node.ids.insert(visit.id->to_string()));
    node.failed += visit.status->ok() ? 0 : 1;
    node.filtered += visit.filtered ? 1 : 0;
    node.running += visit.running;
    node.waited += visit.waited();
    node.cpu += visit.cpu;
    node.possible = node.possible && visit.begin <= visit.end && visit.running.count() >= 0 &&
                    visit.cpu.count() >= 0 && visit.running <= visit.duration();
  }
  void ended(const rare::RecordId& root, std::uint64_t dead, bool abandoned) override {
    const std::lock_guard lock(mutex_);
    roots.insert(root.to_string());
    dead_letters += dead;
    given_up += abandoned ? 1 : 0;
  }

  std::map<std::uint32_t, Node> nodes;
  std::multiset<std::string> roots;
  std::uint64_t dead_letters = 0, given_up = 0;

 private:
  std::mutex mutex_;
};

std::multiset<std::string> numbers_up_to(int count) {
  std::multiset<std::string> numbers;
  for (int i = 0; i < count; ++i) numbers.insert(std::to_string(i));
  return numbers;
}

constexpr const char* kHead = "name: told\nstop_after_errors: 1000000\n";

}  // namespace

TEST_CASE("every record is told of once in each node, with what became of it") {
  Observed observed;
  MemoryState state;
  Told told;
  const Outcome outcome = run_graph(
      std::string(kHead) +
          "services:\n  echo: { use: test.echo }\nnodes:\n"
          "  - { name: numbers, use: test.numbers, with: { count: 1000 } }\n"
          "  - { name: modulo, use: test.modulo, with: { by: 10, fail_by: 100 } }\n"
          "  - { name: split, use: test.split, with: { into: 2 } }\n"
          "  - { name: ask, use: test.ask, parallelism: 8, with: { echo: echo, times: 2 } }\n"
          "  - { name: result, use: test.collect }\n",
      state, observed, {.work_observer = &told});
  require_accounted(outcome);
  CHECK(told.nodes[0].ids == numbers_up_to(1000));
  CHECK(told.nodes[1].ids == numbers_up_to(1000));
  CHECK(told.nodes[1].filtered == outcome.tally.ledger.filtered);
  CHECK(told.nodes[1].failed == outcome.tally.ledger.dead);
  CHECK(told.dead_letters == outcome.tally.ledger.dead);
  CHECK(told.nodes[2].ids.size() == 1000 - outcome.tally.ledger.filtered - told.nodes[1].failed);
  CHECK(told.nodes[3].ids.size() == 2 * told.nodes[2].ids.size());
  CHECK(told.nodes[3].ids.count("2.1") == 1);
  CHECK(told.nodes[3].ids == told.nodes[4].ids);
  CHECK(told.nodes[4].of_no_record > 0);  // what the sink writes, and syncs
  CHECK(told.roots == numbers_up_to(1000));
  CHECK(told.given_up == 0);
  for (const auto& [index, node] : told.nodes) {
    CAPTURE(index);
    CHECK(node.possible);
    CHECK((node.waited.count() > 0) == (index == 3));
  }
}

TEST_CASE("what a record waits for is told as waiting, and what a body takes as running") {
  Observed observed;
  MemoryState state;
  Told told;
  run_graph(std::string(kHead) +
                "services:\n  late: { use: test.slowly, with: { after_ms: 30 } }\nnodes:\n"
                "  - { name: numbers, use: test.numbers, with: { count: 4 } }\n"
                "  - { name: slow, use: test.slow, with: { ms: 20 } }\n"
                "  - { name: ask, use: test.ask, parallelism: 1, with: { echo: late } }\n"
                "  - { name: result, use: test.collect }\n",
            state, observed, {.work_observer = &told});
  CHECK(told.nodes[1].running >= milliseconds(80));
  CHECK(told.nodes[1].cpu < told.nodes[1].running);  // it sleeps
  CHECK(told.nodes[2].waited >= milliseconds(100));
  CHECK(told.nodes[2].running + told.nodes[2].waited >= milliseconds(120));
}

TEST_CASE("a record whose time is over is told of once, when it ends") {
  Observed observed;
  MemoryState state;
  Told told;
  const Outcome outcome = run_graph(
      std::string(kHead) +
          "services:\n  late: { use: test.slowly, with: { slow_by: 10, after_ms: 1500 } }\nnodes:\n"
          "  - { name: numbers, use: test.numbers, with: { count: 100 } }\n"
          "  - { name: ask, use: test.ask, parallelism: 64, timeout_s: 0.3, with: { echo: late } "
          "}\n"
          "  - { name: result, use: test.collect }\n",
      state, observed, {.work_observer = &told});
  require_accounted(outcome);
  CHECK(outcome.late == 10);
  CHECK(told.nodes[1].ids == numbers_up_to(100));
  CHECK(told.nodes[1].failed == 10);
}

TEST_CASE("a whole-set node is told of what it worked on, and of its end") {
  Observed observed;
  MemoryState state;
  Told told;
  run_graph(std::string(kHead) +
                "nodes:\n  - { name: numbers, use: test.numbers, with: { count: 50 } }\n"
                "  - { name: sort, use: test.sort }\n  - { name: result, use: test.collect }\n",
            state, observed, {.work_observer = &told});
  CHECK(told.nodes[1].ids == numbers_up_to(50));
  CHECK(told.nodes[1].of_no_record > 0);
  CHECK(told.nodes[2].ids == numbers_up_to(50));
}

TEST_CASE("what an operator logs after it has waited carries its record") {
  Observed observed;
  MemoryState state;
  const LogTail& log = LogTail::of_process();
  const std::vector<LogEvent> earlier = log.after(0);
  const std::uint64_t before = earlier.empty() ? 0 : earlier.back().seq;
  // Few enough that none is held back as a repetition.
  run_graph(std::string(kHead) +
                "services:\n  echo: { use: test.echo }\nnodes:\n"
                "  - { name: numbers, use: test.numbers, with: { count: 2 } }\n"
                "  - { name: ask, use: test.ask, parallelism: 2, with: { echo: echo, times: 2, "
                "says: true } }\n"
                "  - { name: result, use: test.collect }\n",
            state, observed);
  std::multiset<std::string> said;
  for (const LogEvent& event : log.after(before)) {
    if (event.component == "ask") said.insert(event.record + ": " + event.message);
  }
  CHECK(said == std::multiset<std::string>{"0: answered 0", "0: answered 0", "1: answered 1",
                                           "1: answered 1"});
}
