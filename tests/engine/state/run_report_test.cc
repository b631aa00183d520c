// What a run's folder says of it to another process.
#include "engine/state/run_report.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"
#include "engine/state/run_state.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::RecordId;
using rare::StatusCode;

// A record that was filtered at `questions`, and one that died there for each of `reasons`.
Checkpoint dead_checkpoint(const std::vector<std::string>& reasons) {
  Checkpoint checkpoint;
  checkpoint.tally = Tally(3);
  checkpoint.tally.ledger.read = reasons.size() + 1;
  checkpoint.tally.ledger.filtered = 1;
  checkpoint.tally.ledger.dead = reasons.size();
  NodeTally& node = checkpoint.tally.nodes[1];
  node.in = reasons.size() + 1;
  node.filtered = 1;
  node.dead = reasons.size();
  node.filter_reasons["too short"] = 1;
  std::uint64_t ordinal = 1;
  for (const std::string& reason : reasons) {
    DeadLetter letter;
    letter.id = RecordId(0, nullptr, ordinal++);
    letter.node = "questions";
    letter.reason = reason;
    checkpoint.dead_letters.push_back(std::move(letter));
  }
  checkpoint.usage["teacher"] = {{"calls", 3}, {"prompt_tokens", 100}};
  checkpoint.elapsed_s = 2.5;
  return checkpoint;
}

}  // namespace

TEST_CASE(
    "a run is reported while it is open, by its last checkpoint, and again when it is closed") {
  ScratchFolder folder;
  const std::string run = folder / "run";
  {
    auto state = RunState::open(options_for(run));
    REQUIRE(state.ok());
    REQUIRE((*state)->commit(checkpoint_of(0)).ok());
    REQUIRE((*state)->commit(dead_checkpoint({"no JSON", "cut off", "no JSON"})).ok());
    const auto report = read_run_report(run);
    REQUIRE(report.ok());
    REQUIRE(report->holder.has_value());
    CHECK(report->holder->find("pid " + std::to_string(getpid()) + " on host ") == 0);
    CHECK(report->phase == Phase::running);
    CHECK(report->starts == 1);
    CHECK(report->elapsed_s == 2.5);
    CHECK(report->ledger.read == 5);
    CHECK(report->ledger.dead == 3);
    REQUIRE(report->dead.size() == 2);
    CHECK(report->dead[0].reason == "no JSON");
    CHECK(report->dead[0].records == 2);
    CHECK(report->dead[1].reason == "cut off");
    CHECK(report->usage.at("teacher").at("calls") == 3);
    // Reading holds up nobody.
    REQUIRE((*state)->commit(checkpoint_of(5)).ok());
    REQUIRE((*state)->set_phase(Phase::done).ok());
  }
  const auto report = read_run_report(run);
  REQUIRE(report.ok());
  CHECK_FALSE(report->holder.has_value());
  CHECK(report->phase == Phase::done);
  CHECK(report->ledger.written == 2);
  bool found = false;
  for (const auto& [name, tally] : report->nodes) {
    if (name != "questions") continue;
    found = true;
    CHECK(tally.in == 4);
    CHECK(tally.filter_reasons.at("too short") == 1);
  }
  CHECK(found);
}

TEST_CASE("who asks for the holder never keeps a start from taking the run") {
  ScratchFolder folder;
  const std::string run = folder / "run";
  REQUIRE(RunState::open(options_for(run)).ok());
  std::atomic<bool> stop{false};
  std::thread asking([&] {
    while (!stop) (void)read_run_report(run);
  });
  bool all_opened = true;
  for (int i = 0; i < 50; ++i) all_opened = all_opened && RunState::open(options_for(run)).ok();
  stop = true;
  asking.join();
  CHECK(all_opened);
}

TEST_CASE("dead letters are written beside a run that goes on") {
  ScratchFolder folder;
  const std::string run = folder / "run";
  auto state = RunState::open(options_for(run));
  REQUIRE(state.ok());
  REQUIRE((*state)->commit(dead_checkpoint({"one", "two"})).ok());
  const auto file = write_dead_letters_of(run);
  REQUIRE(file.ok());
  const std::string beside = read_file(*file);
  REQUIRE((*state)->write_dead_letters().ok());
  CHECK(beside == read_file(run + "/dead_letters.jsonl"));
  CHECK(std::count(beside.begin(), beside.end(), '\n') == 2);
  for (const auto& entry : std::filesystem::directory_iterator(run)) {
    CHECK(entry.path().extension() != ".tmp");
  }
}

TEST_CASE("reasons that differ in the place alone count as one") {
  ScratchFolder folder;
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  REQUIRE((*state)
              ->commit(dead_checkpoint({"a.jsonl:1:2: no JSON", "a.jsonl:17:30: no JSON",
                                        "b.jsonl:17:30: no JSON", "at 12:30 it said: no", "c:9",
                                        "a.jsonl:3:4: no JSON"}))
              .ok());
  const auto report = read_run_report(folder / "run");
  REQUIRE(report.ok());
  REQUIRE(report->dead.size() == 4);
  CHECK(report->dead[0].reason == "a.jsonl: no JSON");
  CHECK(report->dead[0].records == 3);
  CHECK(report->dead[1].reason == "at 12:30 it said: no");
  CHECK(report->dead[2].reason == "b.jsonl: no JSON");
  CHECK(report->dead[3].reason == "c:9");
}

TEST_CASE("a folder without a run, and a file that is none, are named and stay as they are") {
  ScratchFolder folder;
  const auto none = read_run_report(folder / "nothing");
  REQUIRE_FALSE(none.ok());
  CHECK(none.status().code() == StatusCode::not_found);
  CHECK(none.status().message().find("nothing") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "nothing"));

  std::filesystem::create_directories(folder / "other");
  std::ofstream(folder / "other/state.db") << "no database at all, but a longer text than none";
  const auto other = read_run_report(folder / "other");
  REQUIRE_FALSE(other.ok());
  CHECK(other.status().message().find("state.db") != std::string::npos);
  CHECK(read_file(folder / "other/state.db").find("no database") == 0);
}
