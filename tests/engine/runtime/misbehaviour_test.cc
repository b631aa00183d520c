// What each way of misbehaving costs, for operators and for async operators before and after they
// waited: always the record, never the run, and never in silence.
#include <stdlib.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "catch.h"
#include "engine/runtime/run.h"
#include "runtime_fixture.h"
#include "scratch_folder.h"

using namespace rare::engine;
using namespace rare::engine::test;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t kRecords = 200;

// "act", "wait" or "wait early", doing `does` to every `by`-th record.
std::string misbehaving(const std::string& kind, const std::string& does, int by) {
  std::string node = "use: graph.act, with: { ";
  if (kind != "act") node = "use: graph.wait, with: { echo: echo, asks: 2, ";
  if (kind == "wait early") node += "early: true, ";
  return "name: misbehaving\nstop_after_errors: 1000000\nservices:\n  echo: { use: test.echo }\n"
         "nodes:\n  - { name: numbers, use: test.numbers, with: { count: " +
         std::to_string(kRecords) + " } }\n  - { name: odd, parallelism: 8, " + node +
         "salt: 0, does: " + does + ", by: " + std::to_string(by) +
         " } }\n  - { name: result, use: test.collect }\n";
}

Outcome run(const std::string& kind, const std::string& does, MemoryState& state,
            Observed& observed, int by = 1) {
  const Outcome outcome =
      run_graph(misbehaving(kind, does, by), state, observed, {.threads = 8, .credits = 16});
  require_accounted(outcome);
  REQUIRE(outcome.tally.ledger.read == kRecords);
  return outcome;
}

}  // namespace

TEST_CASE("an operator that throws, fails, fails after emitting or says nothing costs its record") {
  struct Case {
    const char* does;
    const char* reason;  // of record 0, whose turn is 0
  };
  const Case now =
      GENERATE(Case{"throw", "threw an exception: thrown at 0"}, Case{"fail", "failed at 0"},
               Case{"torn", "torn at 0"}, Case{"silent", "returned OK without emitting the record"},
               Case{"astray", "emitted to a port named 'nowhere'"});
  const std::string kind = GENERATE("act", "wait", "wait early");
  CAPTURE(kind, now.does);
  Observed observed;
  MemoryState state;
  // Of those that go astray only every third tells.
  const Outcome outcome = run(kind, now.does, state, observed);
  CHECK(outcome.tally.ledger.dead + outcome.tally.ledger.written == kRecords);
  if (now.does != std::string("astray")) CHECK(outcome.tally.ledger.dead == kRecords);
  REQUIRE(state.dead_letters.front().id.to_string() == "0");
  CHECK_THAT(state.dead_letters.front().reason, Contains(now.reason));
  CHECK(state.dead_letters.front().node == "odd");
  CHECK(state.dead_letters.front().record == rare::Json{{"n", 0}});
}

TEST_CASE("a record that is emitted twice is two records with ids of their own") {
  const std::string kind = GENERATE("act", "wait", "wait early");
  CAPTURE(kind);
  Observed observed;
  MemoryState state;
  const Outcome outcome = run(kind, "twice", state, observed);
  CHECK(outcome.tally.ledger.made == kRecords);
  CHECK(outcome.tally.ledger.written == 2 * kRecords);
  CHECK(observed.rows["rows"].at(14).at("id") == "7.0");
  CHECK(observed.rows["rows"].at(15).at("id") == "7.1");
}

TEST_CASE("whoever filters a record and emits it has emitted it") {
  const std::string kind = GENERATE("act", "wait", "wait early");
  CAPTURE(kind);
  Observed observed;
  MemoryState state;
  const Outcome outcome = run(kind, "contrary", state, observed);
  CHECK(outcome.tally.ledger.written == kRecords);
  CHECK(outcome.tally.ledger.filtered == 0);
}

TEST_CASE("an operator that keeps records holds no credit and changes no row") {
  const std::string kind = GENERATE("act", "wait", "wait early");
  CAPTURE(kind);
  Observed observed;
  MemoryState state;
  // Even turns keep the record and return without a word, odd ones pass on a copy.
  const Outcome outcome = run(kind, "keep", state, observed);
  CHECK(outcome.tally.ledger.dead + outcome.tally.ledger.written == kRecords);
  CHECK(outcome.tally.ledger.dead > 0);
  CHECK(outcome.tally.ledger.written > 0);
  for (const rare::Json& row : observed.rows["rows"]) {
    CHECK_FALSE(row.at("fields").contains("kept"));
    CHECK(row.at("fields").at("h") != -1);
  }
  for (const auto& letter : state.dead_letters) CHECK_FALSE(letter.record.contains("kept"));
}

// ---- an operator that never goes on
// --------------------------------------------------------------

namespace {

// Nothing ends this run of itself: record 10 waits for an answer that nobody will give, not even
// when services are told to drop what they do.
constexpr const char* kNeverResumes = R"(
name: never
order: any
grace_s: 0.1
nodes:
  - { name: numbers, use: test.numbers, with: { count: 100 } }
  - { name: stuck, use: test.stuck, parallelism: 8, with: { at: 10 } }
  - { name: result, use: test.collect }
)";

// The same with a time limit: it costs record 10, and the run comes to its end.
constexpr const char* kNeverResumesInTime = R"(
name: never
grace_s: 0.1
max_errors: 1
nodes:
  - { name: numbers, use: test.numbers, with: { count: 100 } }
  - { name: stuck, use: test.stuck, timeout_s: 1, with: { at: 10 } }
  - { name: result, use: test.collect }
)";

constexpr const char* kStateVariable = "RARE_TEST_STUCK_STATE";

RunSettings settings_in(const std::string& folder) {
  RunSettings settings;
  settings.state_folder = folder + "/state";
  settings.reply_file = folder + "/replies.db";
  settings.hang_s = 0.5;
  return settings;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Ended {
  int exit_code = -1;
  std::string output;
};

// Runs the hidden test `tag` of this program in a process of its own, over the state in `folder`.
Ended run_child(const std::string& tag, const std::string& folder) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  setenv(kStateVariable, folder.c_str(), 1);
  const int status =
      std::system(("'" + self + "' '" + tag + "' > '" + folder + "/output' 2>&1").c_str());
  Ended ended;
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  ended.output = text_of(folder + "/output");
  return ended;
}

}  // namespace

TEST_CASE("the process of a run that never ends", "[.child]") {
  const char* folder = std::getenv(kStateVariable);
  REQUIRE(folder != nullptr);
  Observed observed;
  observe_with(&observed);
  int rows = 0;
  observed.on_write = [&rows](const rare::Json&) {
    if (++rows == 99) std::raise(SIGINT);
  };
  const TestPlan planned(kNeverResumes);
  run_pipeline(planned.plan(), settings_in(folder));
  FAIL("the run returned");
}

TEST_CASE("the process of a run with a record that never ends", "[.child_in_time]") {
  const char* folder = std::getenv(kStateVariable);
  REQUIRE(folder != nullptr);
  Observed observed;
  observe_with(&observed);
  const TestPlan planned(kNeverResumesInTime);
  run_pipeline(planned.plan(), settings_in(folder));
  FAIL("the run returned, and with it went what the coroutine uses");
}

TEST_CASE("past its time, a coroutine that never resumes costs its record and no more") {
  const rare::testing::ScratchFolder folder;
  const Ended ended = run_child("[.child_in_time]", folder.path());
  CAPTURE(ended.output);
  CHECK(ended.exit_code == kExitDone);
  CHECK_THAT(ended.output, Contains("100 read") && Contains("99 written") && Contains("1 dead"));
  CHECK_THAT(ended.output, Contains("an operator whose record's time was over does not end"));
  const std::string letters = text_of(folder / "state/dead_letters.jsonl");
  CHECK_THAT(letters, Contains("took longer than 1 s (`timeout_s` of the node"));
}

TEST_CASE("a coroutine that never resumes cannot keep an interrupted process alive") {
  const rare::testing::ScratchFolder folder;
  const Ended ended = run_child("[.child]", folder.path());
  CAPTURE(ended.output);
  CHECK(ended.exit_code == kExitInterrupted);
  CHECK_THAT(ended.output, Contains("a node does not end although the run was cut"));
  // What was finished is committed; a later start goes on with the rest.
  const TestPlan planned(kNeverResumes);
  StateOptions options;
  options.folder = folder / "state";
  options.fingerprint = fingerprint(planned.plan());
  for (const PlannedNode& node : planned.plan().nodes) options.node_names.push_back(node.name);
  auto state = RunState::open(std::move(options));
  REQUIRE(state.ok());
  CHECK((*state)->resume().tally.ledger.written == 99);
  const IntervalSet& finished = (*state)->resume().sources.at("numbers").finished;
  CHECK(finished.size() == 99);
  CHECK(finished.first_missing() == 10);
}

// ---- an operator that blocks its thread
// --------------------------------------------------------------

namespace {

// One call of `kind` returns only when the log names who blocks, as it stands in `folder`/output.
void run_until_told(const std::string& pipeline, const std::string& folder) {
  Observed observed;
  MemoryState state;
  std::atomic<int> calls{0};
  observed.on_work = [&] {
    if (++calls != 50) return;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (text_of(folder + "/output").find("node 'odd'") == std::string::npos) {
      if (std::chrono::steady_clock::now() > end) std::abort();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  };
  Options options{.threads = 8, .credits = 64};
  options.long_work = {std::chrono::milliseconds(300), std::chrono::milliseconds(300)};
  require_accounted(run_graph(pipeline, state, observed, options));
  CHECK(observed.rows["rows"].size() == kRecords);
}

}  // namespace

TEST_CASE("the process of an operator that blocks", "[.child_act]") {
  const char* folder = std::getenv(kStateVariable);
  REQUIRE(folder != nullptr);
  run_until_told(misbehaving("act", "pass", 1), folder);
}

TEST_CASE("the process of a coroutine that blocks", "[.child_wait]") {
  const char* folder = std::getenv(kStateVariable);
  REQUIRE(folder != nullptr);
  run_until_told(misbehaving("wait", "pass", 1), folder);
}

TEST_CASE("the process of an operator over the whole set that blocks", "[.child_hold]") {
  const char* folder = std::getenv(kStateVariable);
  REQUIRE(folder != nullptr);
  run_until_told("name: holding\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: " +
                     std::to_string(kRecords) +
                     " } }\n  - { name: odd, use: graph.hold }\n"
                     "  - { name: result, use: test.collect }\n",
                 folder);
}

TEST_CASE("an operator that is long at one record, and a coroutine that blocks, are named") {
  const rare::testing::ScratchFolder folder;
  const Ended act = run_child("[.child_act]", folder.path());
  CAPTURE(act.output);
  CHECK(act.exit_code == 0);
  CHECK_THAT(act.output, Contains("node 'odd' (graph.act of plugin graph, graph.so) is still at "
                                  "record ") &&
                             Contains("nothing ends a call of process()"));
  const Ended hold = run_child("[.child_hold]", folder.path());
  CAPTURE(hold.output);
  CHECK(hold.exit_code == 0);
  CHECK_THAT(hold.output, Contains("node 'odd' (graph.hold of plugin graph, graph.so) is still at "
                                   "record "));
  const Ended wait = run_child("[.child_wait]", folder.path());
  CAPTURE(wait.output);
  CHECK(wait.exit_code == 0);
  CHECK_THAT(wait.output, Contains("node 'odd' (graph.wait of plugin graph, graph.so) has blocked "
                                   "its thread for ") &&
                              Contains("must not sleep"));
}
