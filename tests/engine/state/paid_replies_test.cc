// What a run paid for: counted with the reply, over all its starts.
#include <sqlite3.h>

#include <string>

#include "catch.h"
#include "reply_fixture.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::StoredReply;

StoredReply of(const std::string& service, const std::string& node, double first_token_s = 0) {
  StoredReply reply = reply_of("{}");
  reply.service = service;
  reply.node = node;
  reply.first_token_s = first_token_s;
  return reply;
}

void execute(const std::string& file, const char* sql) {
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &raw) == SQLITE_OK);
  CHECK(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(raw);
}

}  // namespace

TEST_CASE("replies are counted by service and node, in all starts of the run") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  {
    const auto store = open_store(file, "mine");
    CHECK(store->paid().empty());
    REQUIRE(put(*store, "1", of("teacher", "questions")).ok());
    REQUIRE(put(*store, "2", of("teacher", "reasoning", 0.25)).ok());
    REQUIRE(put(*store, "3", of("", "questions")).ok());
    REQUIRE(put(*open_store(file, "other"), "4", of("teacher", "questions")).ok());
  }
  const auto store = open_store(file, "mine");
  REQUIRE(put(*store, "5", of("teacher", "questions")).ok());
  // Asked anew, under the same key: paid for twice.
  REQUIRE(put(*store, "5", of("teacher", "questions")).ok());
  const auto paid = store->paid();
  REQUIRE(paid.size() == 2);
  const PaidTotals& questions = paid.at({"teacher", "questions"});
  CHECK(questions.replies == 3);
  CHECK(questions.prompt_tokens == 36);
  CHECK(questions.completion_tokens == 9);
  CHECK(questions.latency.quantile_ms(0.5) == Approx(1500).epsilon(0.07));
  CHECK(questions.first_token.empty());
  const PaidTotals& reasoning = paid.at({"teacher", "reasoning"});
  CHECK(reasoning.replies == 1);
  CHECK(reasoning.first_token.quantile_ms(0.5) == Approx(250).epsilon(0.07));
}

TEST_CASE("a file from before there was a count gets one") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  REQUIRE(put(*open_store(file, "mine"), "1", of("teacher", "questions")).ok());
  execute(file, "DROP TABLE paid");
  const auto store = open_store(file, "mine");
  CHECK(store->paid().empty());
  CHECK(find(*store, "1").has_value());
  REQUIRE(put(*store, "2", of("teacher", "questions")).ok());
  CHECK(store->paid().at({"teacher", "questions"}).replies == 1);
}

TEST_CASE("a count that is not what was written is none") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  REQUIRE(put(*open_store(file, "mine"), "1", of("teacher", "questions")).ok());
  execute(file, "UPDATE paid SET prompt_tokens = 1000000");
  CHECK(open_store(file, "mine")->paid().empty());
}
