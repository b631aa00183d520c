// What a finished run keeps for a retry, and what a retry makes of it.
#include "engine/state/retry_tables.h"

#include "catch.h"
#include "engine/state/run_report.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::Json;
using rare::RecordId;

// One record that was written twice and died at `questions`, as child 1 of three.
Checkpoint with_dead_child(std::uint64_t ordinal) {
  Checkpoint checkpoint = checkpoint_of(ordinal);
  checkpoint.tally.ledger.made = 2;
  checkpoint.tally.ledger.written = 2;
  checkpoint.tally.ledger.dead = 1;
  checkpoint.tally.nodes[1].dead = 1;
  checkpoint.tally.nodes[1].filter_reasons["too short"] = 1;
  checkpoint.tally.nodes[1].counters["few"] = 2;
  DeadLetter letter;
  letter.id =
      RecordId(1, std::make_shared<const std::string>("extra"), ordinal).child({1, 2, true});
  letter.node = "questions";
  letter.reason = "no usable reply";
  letter.attempts = 3;
  letter.raw = "\xff reply";
  letter.record = {{"text", "a passage"}};
  checkpoint.dead_letters.push_back(letter);
  DeadFamily family;
  family.source = 1;
  family.ordinal = ordinal;
  family.places["result"] = {rare::Offset{{{"bytes", 10 * ordinal}}},
                             rare::Offset{{{"bytes", 10 * ordinal + 10}}}};
  family.tally = checkpoint.tally;
  checkpoint.dead_families.push_back(std::move(family));
  return checkpoint;
}

std::unique_ptr<RunState> opened(const std::string& folder) {
  auto state = RunState::open(options_for(folder));
  INFO(state.status().message());
  REQUIRE(state.ok());
  return *std::move(state);
}

TEST_CASE("dead letters and their families come back as they were, the rounds raised") {
  ScratchFolder folder;
  {
    const auto state = opened(folder / "run");
    for (const std::uint64_t ordinal : {7, 3}) {
      REQUIRE(state->commit(with_dead_child(ordinal)).ok());
    }
  }
  const auto state = opened(folder / "run");
  const auto letters = state->read_dead_letters();
  REQUIRE(letters.ok());
  REQUIRE(letters->size() == 2);
  const DeadLetter& letter = letters->at(0);
  CHECK(letter.id.to_string() == "extra:3.1");
  CHECK(letter.id.source() == 1);
  CHECK(letter.id.path() == std::vector<RecordId::Step>{{1, 2, true}});
  CHECK(letter.node == "questions");
  CHECK(letter.attempts == 3);
  CHECK(letter.raw == "\xff reply");
  CHECK(letter.record == Json({{"text", "a passage"}}));
  const auto work = state->retry_work();
  REQUIRE(work.ok());
  REQUIRE(work->families.size() == 2);
  // In the order in which they were written.
  CHECK(work->families[0].ordinal == 7);
  CHECK(work->families[0].places.at("result").end.token == Json({{"bytes", 80}}));
  CHECK(work->families[1].tally.ledger.made == 2);
  CHECK(work->families[1].tally.nodes[1].filter_reasons.at("too short") == 1);
  CHECK(work->families[1].tally.nodes[1].counters.at("few") == 2);
  CHECK(work->rounds.of("questions", letter.id) == 1);
  CHECK(work->rounds.of("reasoning", letter.id) == 0);
  CHECK(work->rounds.of("questions", RecordId(1, nullptr, 3)) == 0);
}

TEST_CASE("a retry takes the place of what its families were before") {
  ScratchFolder folder;
  RecordId dead;
  {
    const auto state = opened(folder / "run");
    for (const std::uint64_t ordinal : {3, 7}) {
      REQUIRE(state->commit(with_dead_child(ordinal)).ok());
    }
    REQUIRE(state->commit(checkpoint_of(8)).ok());
    REQUIRE(state->set_phase(Phase::done).ok());
  }
  {
    const auto state = opened(folder / "run");
    const auto work = state->retry_work();
    REQUIRE(work.ok());
    RetryResult result;
    result.replaced = Tally(3);
    for (const DeadFamily& family : work->families) result.replaced += family.tally;
    // Of two, one lives now; the other one is dead once more.
    Checkpoint still = with_dead_child(7);
    result.tally = still.tally;
    result.tally.ledger += Ledger{.read = 1, .made = 2, .written = 3};
    result.dead_letters = still.dead_letters;
    result.dead_families = still.dead_families;
    result.sinks["result"].token = {{"bytes", 99}};
    dead = still.dead_letters[0].id;
    REQUIRE(state->commit_retry(*work, result).ok());
    CHECK(state->resume().tally.ledger.to_string() == "3 read + 4 made = 6 written + 1 dead");
    CHECK(state->resume().tally.nodes[1].counters.at("few") == 2);
  }
  const auto state = opened(folder / "run");
  const Resume& resume = state->resume();
  CHECK(resume.phase == Phase::finalising);
  CHECK(resume.retries == 1);
  CHECK(resume.tally.ledger.to_string() == "3 read + 4 made = 6 written + 1 dead");
  CHECK(resume.tally.nodes[1].dead == 1);
  CHECK(resume.tally.nodes[1].filter_reasons.at("too short") == 1);
  CHECK(resume.tally.nodes[1].counters.at("few") == 2);
  CHECK(resume.sinks.at("result").token == Json({{"bytes", 99}}));
  CHECK(resume.dead_letters == 1);
  CHECK(resume.rounds.of("questions", dead) == 1);
  const auto work = state->retry_work();
  REQUIRE(work.ok());
  CHECK(work->families.size() == 1);
  CHECK(work->rounds.of("questions", dead) == 2);
}

// A start that is killed between the two has asked for nothing anew.
TEST_CASE("that a retry has begun is told by their number, and not by there having been a start") {
  ScratchFolder folder;
  RetryRounds rounds;
  const RecordId dead = with_dead_child(3).dead_letters[0].id;
  {
    const auto state = opened(folder / "other");
    REQUIRE(state->commit(with_dead_child(3)).ok());
    const auto work = state->retry_work();
    REQUIRE(work.ok());
    rounds = work->rounds;
  }
  CHECK_FALSE(opened(folder / "run")->resume().started_before);
  {
    const auto state = opened(folder / "run");
    CHECK(state->resume().started_before);
    CHECK(state->resume().retries == 0);
    REQUIRE(state->reset_for_retry(RetryWork{{}, rounds}).ok());
    CHECK(state->resume().retries == 1);
  }
  const auto state = opened(folder / "run");
  CHECK(state->resume().retries == 1);
  CHECK(state->resume().rounds.of("questions", dead) == 1);
}

TEST_CASE("rounds stay when the run starts over, and go with --fresh") {
  ScratchFolder folder;
  const RecordId dead = with_dead_child(3).dead_letters[0].id;
  {
    const auto state = opened(folder / "run");
    REQUIRE(state->commit(with_dead_child(3)).ok());
    REQUIRE(state->set_phase(Phase::done).ok());
    const auto work = state->retry_work();
    REQUIRE(work.ok());
    std::filesystem::create_directories(folder / "run/retry-1/gather");
    REQUIRE(state->reset_for_retry(*work).ok());
    CHECK_FALSE(std::filesystem::exists(folder / "run/retry-1"));
    CHECK(state->resume().rounds.of("questions", dead) == 1);
    CHECK(state->resume().phase == Phase::running);
    CHECK(state->resume().tally.ledger == Ledger{});
    REQUIRE(state->reset().ok());
    CHECK(state->resume().rounds.of("questions", dead) == 1);
  }
  const auto report = read_run_report(folder / "run");
  REQUIRE(report.ok());
  CHECK(report->rounds.of("questions", dead) == 1);
  StateOptions options = options_for(folder / "run");
  options.fresh = true;
  std::filesystem::create_directories(folder / "run/retry-2/gather");
  const auto state = RunState::open(options);
  REQUIRE(state.ok());
  CHECK((*state)->resume().rounds.empty());
  CHECK_FALSE(std::filesystem::exists(folder / "run/retry-2"));
}

}  // namespace
