// Requests that went out and were never answered: who is counted, and when it is on disk.
#include "engine/state/asked_calls.h"

#include <chrono>
#include <thread>

#include "catch.h"
#include "reply_fixture.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::ReplyStore;
using Calls = std::map<std::string, std::uint64_t>;
using Ending = ReplyStore::Ending;

TEST_CASE("a request is unanswered when it is lost, not when it is refused or answered") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  {
    const auto store = open_store(file, "run");
    for (const char* key : {"answered", "refused", "lost"}) store->asked(key, "teacher");
    store->asked("lost too", "judge");
    CHECK(store->unanswered().empty());
    REQUIRE(put(*store, "answered", "x").ok());
    store->ended("refused", Ending::refused);
    store->ended("lost", Ending::lost);
    store->ended("lost too", Ending::lost);
    store->ended("never asked", Ending::lost);
    CHECK(store->unanswered() == Calls{{"judge", 1}, {"teacher", 1}});
    // Asked anew and lost anew.
    store->asked("lost", "teacher");
    store->ended("lost", Ending::lost);
    CHECK(store->unanswered() == Calls{{"judge", 1}, {"teacher", 2}});
  }
  CHECK(query(file, "SELECT count(*) FROM asked") == "0\n");
  CHECK(open_store(file, "run")->unanswered() == Calls{{"judge", 1}, {"teacher", 2}});
  CHECK(open_store(file, "other run")->unanswered().empty());
}

TEST_CASE("what is under way when the store closes was not answered") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  open_store(file, "run")->asked("key", "teacher");
  CHECK(query(file, "SELECT key FROM asked") == "key\n");
  CHECK(open_store(file, "run")->unanswered() == Calls{{"teacher", 1}});
  CHECK(query(file, "SELECT count(*) FROM asked") == "0\n");
}

TEST_CASE("a request is on disk soon, also when no reply comes") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  const auto store = open_store(file, "run");
  store->asked("key", "teacher");
  while (query(file, "SELECT count(*) FROM asked") == "0\n") {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  REQUIRE(put(*store, "key", "x").ok());
  CHECK(query(file, "SELECT count(*) FROM asked") == "0\n");
  CHECK(store->unanswered().empty());
}

// The same bookkeeping by hand: what a failed transaction leaves.
TEST_CASE("a transaction that fails leaves what was asked for the next one") {
  ScratchFolder folder;
  sqlite::Options options;
  options.what = "test file";
  options.application_id = 7;
  options.schema =
      "CREATE TABLE asked (number INTEGER PRIMARY KEY, run_id, key, service);"
      "CREATE TABLE unanswered (run_id TEXT, service TEXT, calls INTEGER, "
      "PRIMARY KEY (run_id, service)) WITHOUT ROWID";
  const std::string file = folder / "t.db";
  auto database = sqlite::Database::open(file, options);
  REQUIRE(database.ok());
  AskedCalls calls(**database, "run");
  REQUIRE(calls.take_over().ok());
  const auto transact = [&](bool commit, const char* stored = nullptr) {
    sqlite::Transaction transaction(**database);
    REQUIRE(transaction.begin().ok());
    if (stored != nullptr) calls.answered(stored);
    REQUIRE(calls.write().ok());
    if (commit) REQUIRE(transaction.commit().ok());
    calls.ended_transaction(commit);
  };
  CHECK_FALSE(calls.write_by().has_value());
  CHECK(calls.asked("a", "teacher"));
  CHECK_FALSE(calls.asked("b", "teacher"));
  CHECK(calls.write_by().has_value());
  calls.ended("b", Ending::lost);
  transact(false);
  CHECK(calls.write_by().has_value());
  CHECK(query(file, "SELECT count(*) FROM asked") == "0\n");
  transact(true);
  CHECK_FALSE(calls.write_by().has_value());
  CHECK(query(file, "SELECT key FROM asked") == "a\n");
  CHECK(query(file, "SELECT calls FROM unanswered") == "1\n");
  // A reply that came and could not be kept: it was paid for and is not there.
  transact(false, "a");
  transact(true);
  CHECK(query(file, "SELECT key FROM asked") == "a\n");
  REQUIRE(calls.take_over().ok());
  CHECK(calls.unanswered() == Calls{{"teacher", 2}});
}

}  // namespace
