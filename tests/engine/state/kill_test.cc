// SIGKILL at any moment: what was acknowledged is there afterwards, and nothing counts twice.
#include <unistd.h>

#include <map>

#include "catch.h"
#include "engine/state/reply_database.h"
#include "engine/state/run_state.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::ReplyStore;

TEST_CASE("a killed run resumes at what was committed, or at one commit more") {
  ScratchFolder folder;
  const std::string path = folder / "run";
  for (int round = 0; round < 20; ++round) {
    const auto acknowledged = kill_after(3 + round % 5, [&](const auto& report) {
      auto state = RunState::open(options_for(path));
      if (!state.ok()) return;
      const auto& sources = (*state)->resume().sources;
      const auto at = sources.find("documents");
      std::uint64_t next = at == sources.end() ? 0 : at->second.finished.first_missing();
      for (; next < 1'000'000; ++next) {
        Checkpoint checkpoint = checkpoint_of(next);
        add_dead_letter(checkpoint);
        if (!(*state)->commit(checkpoint).ok()) return;
        report(next + 1);
      }
    });
    REQUIRE(acknowledged.has_value());
    auto state = RunState::open(options_for(path));
    INFO(state.status().message());
    REQUIRE(state.ok());
    const Resume& resume = (*state)->resume();
    const SourceCheckpoint& source = resume.sources.at("documents");
    const std::uint64_t committed = source.finished.size();
    CHECK((committed == *acknowledged || committed == *acknowledged + 1));
    // Everything in the checkpoint is from the same commit.
    CHECK(source.finished.first_missing() == committed);
    CHECK(source.next_ordinal == committed);
    CHECK(source.position.token.at("offset") == committed * 100);
    CHECK(resume.sinks.at("result").token.at("bytes") == committed);
    CHECK(resume.tally.ledger.read == committed);
    CHECK(resume.tally.ledger.written == committed);
    CHECK(resume.tally.nodes[2].in == committed);
    CHECK(resume.dead_letters == committed);
  }
}

TEST_CASE("every reply that was acknowledged before a kill is there afterwards") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  std::uint64_t base = 0;
  for (int round = 0; round < 20; ++round) {
    const auto acknowledged = kill_after(1 + 37 * (round % 6), [&](const auto& report) {
      auto store = ReplyDatabase::open(file, "run");
      if (!store.ok()) return;
      // Callbacks come in the order of the puts, so the last number says all.
      for (std::uint64_t i = base; i < base + 20'000; ++i) {
        rare::StoredReply reply;
        reply.body = "body " + std::to_string(i) + std::string(2000, '.');
        (*store)->put("key" + std::to_string(i), std::move(reply),
                      [&report, i](rare::Status status) {
                        if (status.ok()) report(i);
                      });
      }
    });
    REQUIRE(acknowledged.has_value());
    std::uint64_t found = 0;
    {
      auto store = ReplyDatabase::open(file, "run");
      REQUIRE(store.ok());
      for (std::uint64_t i = base; i <= *acknowledged; ++i) {
        (*store)->find("key" + std::to_string(i), ReplyStore::Scope::this_run, [&, i](auto reply) {
          if (!reply.ok() || !(*reply).has_value()) return;
          found += (*reply)->body.starts_with("body " + std::to_string(i) + ".");
        });
      }
    }
    CHECK(found == *acknowledged - base + 1);
    base += 20'000;
  }
}

TEST_CASE("what was asked and not answered before a kill is counted by the next start") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  const auto told = kill_after(1, [&](const auto& report) {
    auto store = ReplyDatabase::open(file, "run");
    if (!store.ok()) return;
    for (const char* key : {"a", "b", "c"}) (*store)->asked(key, "teacher");
    // A reply takes along to disk what was asked before it.
    (*store)->put("b", rare::StoredReply{}, [&report](rare::Status status) {
      if (status.ok()) report(1);
    });
    pause();
  });
  REQUIRE(told.has_value());
  using Calls = std::map<std::string, std::uint64_t>;
  {
    auto store = ReplyDatabase::open(file, "run");
    REQUIRE(store.ok());
    CHECK((*store)->unanswered() == Calls{{"teacher", 2}});
    // Asked again, and this time answered: the two were billed all the same.
    (*store)->asked("a", "teacher");
    (*store)->put("a", rare::StoredReply{}, [](rare::Status) {});
  }
  auto store = ReplyDatabase::open(file, "run");
  REQUIRE(store.ok());
  CHECK((*store)->unanswered() == Calls{{"teacher", 2}});
  CHECK((*ReplyDatabase::open(file, "another run"))->unanswered().empty());
}

}  // namespace
