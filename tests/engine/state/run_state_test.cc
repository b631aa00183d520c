// What a run commits is what its next start resumes from.
#include "engine/state/run_state.h"

#include <sys/stat.h>

#include "catch.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::Json;
using Intervals = std::vector<IntervalSet::Interval>;

std::unique_ptr<RunState> open_state(StateOptions options) {
  auto state = RunState::open(std::move(options));
  INFO(state.status().message());
  REQUIRE(state.ok());
  return *std::move(state);
}

mode_t mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

TEST_CASE("a new state is empty, private, and has an identity") {
  ScratchFolder folder;
  const auto state = open_state(options_for(folder / "a/b/run"));
  CHECK_FALSE(state->resume().started_before);
  CHECK(state->resume().phase == Phase::running);
  CHECK(state->resume().sinks.empty());
  CHECK(state->resume().tally.nodes.size() == 3);
  CHECK(state->run_id().size() == 32);
  CHECK(state->folder() == folder / "a/b/run");
  CHECK(mode_of(folder / "a") == 0700);
  CHECK(mode_of(folder / "a/b/run") == 0700);
  for (const char* file : {"state.db", "state.db-wal", "state.db-shm", "lock"}) {
    CHECK(mode_of(folder / "a/b/run/" + file) == 0600);
  }
}

TEST_CASE("commits add up over several starts") {
  ScratchFolder folder;
  const std::string path = folder / "run";
  std::string run_id;
  {
    const auto state = open_state(options_for(path + "//"));
    run_id = state->run_id();
    for (std::uint64_t ordinal : {0, 1, 4}) {
      Checkpoint checkpoint = checkpoint_of(ordinal);
      checkpoint.tally.nodes[1].filter_reasons["too short"] = 2;
      checkpoint.tally.nodes[2].counters["few"] = 5;
      checkpoint.usage["teacher"] = {{"calls", ordinal + 1}, {"cost", 0.5}, {"model", "a"}};
      checkpoint.elapsed_s = static_cast<double>(ordinal);
      REQUIRE(state->commit(checkpoint).ok());
    }
  }
  {
    const auto state = open_state(options_for(path));
    CHECK(state->run_id() == run_id);
    const Resume& resume = state->resume();
    CHECK(resume.started_before);
    CHECK(resume.sinks.at("result").token == Json({{"bytes", 5}}));
    const SourceCheckpoint& source = resume.sources.at("documents");
    CHECK(source.position.token == Json({{"offset", 500}}));
    CHECK(source.next_ordinal == 5);
    CHECK(source.finished.intervals() == Intervals{{0, 2}, {4, 5}});
    CHECK(resume.tally.ledger.to_string() == "3 read = 3 written");
    CHECK(resume.tally.nodes[0].out == 3);
    CHECK(resume.tally.nodes[1].filter_reasons.at("too short") == 6);
    CHECK(resume.tally.nodes[2].counters.at("few") == 15);
    CHECK(resume.elapsed_s == 4.0);  // the last of its start, not their sum
    CHECK(resume.usage.at("teacher") == Json({{"calls", 5}, {"cost", 0.5}, {"model", "a"}}));
    Checkpoint checkpoint = checkpoint_of(2);
    checkpoint.usage["teacher"] = {{"calls", 10}, {"cost", 0.25}, {"model", "b"}};
    checkpoint.elapsed_s = 6;
    REQUIRE(state->commit(checkpoint).ok());
  }
  const auto state = open_state(options_for(path));
  CHECK(state->resume().elapsed_s == 10.0);
  CHECK(state->resume().usage.at("teacher") ==
        Json({{"calls", 15}, {"cost", 0.75}, {"model", "b"}}));
  CHECK(state->resume().sources.at("documents").finished.intervals() == Intervals{{0, 3}, {4, 5}});
}

TEST_CASE("finished ordinals come back as they were, in whatever order they were committed") {
  ScratchFolder folder;
  IntervalSet expected;
  std::uint64_t random = 12345;
  {
    const auto state = open_state(options_for(folder / "run"));
    for (int commit = 0; commit < 60; ++commit) {
      Checkpoint checkpoint;
      for (const char* name : {"documents", "extra"}) {
        for (int i = 0; i < 5; ++i) {
          random = random * 6364136223846793005ULL + 1442695040888963407ULL;
          const std::uint64_t first = (random >> 33) % 300;
          const IntervalSet::Interval interval{first, first + (random >> 60)};
          checkpoint.sources[name].finished.add(interval);
          if (std::string(name) == "extra") expected.add(interval);
        }
      }
      REQUIRE(state->commit(checkpoint).ok());
    }
  }
  const auto state = open_state(options_for(folder / "run"));
  CHECK(state->resume().sources.at("extra").finished.intervals() == expected.intervals());
}

TEST_CASE("the phase is kept") {
  ScratchFolder folder;
  for (const Phase phase : {Phase::finalising, Phase::done, Phase::running}) {
    REQUIRE(open_state(options_for(folder / "run"))->set_phase(phase).ok());
    CHECK(open_state(options_for(folder / "run"))->resume().phase == phase);
  }
}

TEST_CASE("fresh forgets the run, and only what belongs to it") {
  ScratchFolder folder;
  std::string run_id;
  {
    const auto state = open_state(options_for(folder / "run"));
    run_id = state->run_id();
    REQUIRE(state->commit(checkpoint_of(0)).ok());
    REQUIRE(state->check_input("documents", {{"size", 1}}).ok());
    REQUIRE(state->write_manifest({{"status", "done"}}).ok());
    REQUIRE(state->write_dead_letters().ok());
  }
  std::ofstream(folder / "run/notes.txt") << "mine";
  StateOptions options = options_for(folder / "run");
  options.fresh = true;
  options.fingerprint["seed"] = 7;
  const auto state = open_state(options);
  CHECK_FALSE(state->resume().started_before);
  CHECK(state->resume().sources.empty());
  CHECK(state->run_id() != run_id);
  CHECK(state->check_input("documents", {{"size", 2}}).ok());
  CHECK_FALSE(std::filesystem::exists(folder / "run/manifest.json"));
  CHECK_FALSE(std::filesystem::exists(folder / "run/dead_letters.jsonl"));
  CHECK(read_file(folder / "run/notes.txt") == "mine");
}

TEST_CASE("reset starts over in place and goes on working") {
  ScratchFolder folder;
  {
    const auto state = open_state(options_for(folder / "run"));
    REQUIRE(state->commit(checkpoint_of(0)).ok());
    REQUIRE(state->set_phase(Phase::done).ok());
  }
  const auto state = open_state(options_for(folder / "run"));
  const std::string run_id = state->run_id();
  REQUIRE(state->resume().phase == Phase::done);
  REQUIRE(state->reset().ok());
  CHECK(state->resume().phase == Phase::running);
  CHECK_FALSE(state->resume().started_before);
  CHECK(state->resume().tally.ledger == Ledger{});
  CHECK(state->run_id() == run_id);  // its replies are used again
  CHECK(state->commit(checkpoint_of(1)).ok());
  // Still locked.
  CHECK_FALSE(RunState::open(options_for(folder / "run")).ok());
}

TEST_CASE("after a reset nothing of the old run comes back") {
  ScratchFolder folder;
  std::string run_id;
  {
    const auto state = open_state(options_for(folder / "run"));
    Checkpoint checkpoint = checkpoint_of(0);
    add_dead_letter(checkpoint);
    checkpoint.usage["teacher"] = {{"calls", 1}};
    checkpoint.elapsed_s = 9;
    checkpoint.tally.nodes[1].filter_reasons["too short"] = 1;
    checkpoint.tally.nodes[1].counters["few"] = 1;
    REQUIRE(state->check_input("documents", 1).ok());
    REQUIRE(state->commit(checkpoint).ok());
    REQUIRE(state->write_manifest(Json::object()).ok());
    REQUIRE(state->reset().ok());
    run_id = state->run_id();
    CHECK_FALSE(std::filesystem::exists(folder / "run/manifest.json"));
    REQUIRE(state->check_input("documents", 2).ok());
  }
  const auto state = open_state(options_for(folder / "run"));
  const Resume& resume = state->resume();
  CHECK(state->run_id() == run_id);
  CHECK(resume.inputs.at("documents") == 2);
  CHECK(resume.sources.empty());
  CHECK(resume.sinks.empty());
  CHECK(resume.usage.empty());
  CHECK(resume.dead_letters == 0);
  CHECK(resume.elapsed_s == 0);
  CHECK(resume.tally.ledger == Ledger{});
  CHECK(resume.tally.nodes[0].out == 0);
  CHECK(resume.tally.nodes[1].filter_reasons.empty());
  CHECK(resume.tally.nodes[1].counters.empty());
}

TEST_CASE("what is known of an input that grows is replaced, and outlives a reset") {
  ScratchFolder folder;
  StateOptions options = options_for(folder / "run");
  options.growing_sources = {"documents"};
  {
    const auto state = open_state(options);
    REQUIRE(state->go_on_over({{"documents", {{"size", 1}}}}).ok());
    REQUIRE(state->check_input("extra", {{"size", 1}}).ok());
    REQUIRE(state->set_phase(Phase::done).ok());
    REQUIRE(state->go_on_over({{"documents", {{"size", 2}}}}).ok());
    CHECK(state->resume().phase == Phase::running);
    CHECK(state->resume().inputs.at("documents") == Json{{"size", 2}});
  }
  const auto state = open_state(options);
  CHECK(state->resume().phase == Phase::running);
  CHECK(state->resume().inputs.at("documents") == Json{{"size", 2}});
  REQUIRE(state->reset().ok());
  CHECK(state->resume().inputs == std::map<std::string, Json>{{"documents", {{"size", 2}}}});
  CHECK(state->check_input("extra", {{"size", 3}}).ok());
}

TEST_CASE("the manifest is pretty-printed and replaced as a whole") {
  ScratchFolder folder;
  const auto state = open_state(options_for(folder / "run"));
  REQUIRE(state->write_manifest({{"status", "running"}}).ok());
  REQUIRE(state->write_manifest({{"status", "done"}, {"text", "a\xff"}}).ok());
  CHECK(read_file(folder / "run/manifest.json") ==
        "{\n  \"status\": \"done\",\n  \"text\": \"a\xef\xbf\xbd\"\n}\n");
  CHECK_FALSE(std::filesystem::exists(folder / "run/manifest.json.tmp"));
}

}  // namespace
