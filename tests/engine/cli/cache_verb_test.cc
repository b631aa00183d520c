#include "catch.h"
#include "engine/state/reply_database.h"
#include "engine_process.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

using test::contains;
using test::EngineProcess;
using test::Finished;

// Two replies in .rare/replies.db of the engine's folder; the second is not UTF-8.
void store_two(const EngineProcess& engine) {
  auto store = ReplyDatabase::open(engine.path(".rare/replies.db"), "run-1");
  REQUIRE(store.ok());
  StoredReply reply;
  reply.request = R"({"messages":[{"content":"why?","role":"user"}]})";
  reply.model = "m";
  reply.node = "questions";
  reply.latency_s = 0.5;
  reply.prompt_tokens = 20;
  reply.completion_tokens = 4;
  reply.body = R"({"choices": []})";
  const auto ignore = [](const Status& status) { static_cast<void>(status); };
  (*store)->put("a", reply, ignore);
  reply.node = "reasoning";
  reply.body = "\xff";
  (*store)->put("b", reply, ignore);
  (*store)->asked("c", "teacher");
}

TEST_CASE("cache stats says how many replies there are, and whose") {
  const EngineProcess engine;
  store_two(engine);
  const Finished text = engine.run({"cache", "stats"});
  CHECK(text.err == "");
  CHECK(text.exit_code == 0);
  CHECK(text.out.find(".rare/replies.db: 2 replies, ") == 0);
  CHECK(contains(text.out, "\nm      questions  1        20             4"));
  CHECK(contains(text.out, "\nrun-1  2        1 "));
  const Finished finished = engine.run({"cache", "stats", "--json"});
  REQUIRE(finished.exit_code == 0);
  const Json stats = Json::parse(finished.out);
  CHECK(stats["file"] == ".rare/replies.db");
  CHECK(stats["replies"] == 2);
  CHECK(stats["prompt_tokens"] == 40);
  CHECK(stats["unanswered"] == 1);
  CHECK(stats["askers"][1]["node"] == "reasoning");
  CHECK(stats["runs"][0]["run_id"] == "run-1");
  CHECK(stats["disk_bytes"] > 0);
}

TEST_CASE("cache export writes a JSON line a reply") {
  const EngineProcess engine;
  store_two(engine);
  const Finished all = engine.run({"cache", "export"});
  CHECK(all.err == "");
  REQUIRE(all.exit_code == 0);
  const std::size_t end = all.out.find('\n');
  const Json first = Json::parse(all.out.substr(0, end));
  const Json second = Json::parse(all.out.substr(end + 1));
  CHECK(first["key"] == "a");
  CHECK(first["model"] == "m");
  CHECK(first["node"] == "questions");
  CHECK(first["run_id"] == "run-1");
  CHECK(first["latency_s"] == 0.5);
  CHECK(first["prompt_tokens"] == 20);
  CHECK(first["completion_tokens"] == 4);
  CHECK(first["created"].get<std::string>().size() == 20);
  CHECK(first["request"]["messages"][0]["content"] == "why?");
  CHECK(first["body"] == R"({"choices": []})");
  CHECK(second["body"].is_null());
  CHECK(second["body_base64"] == "/w==");
  const Finished one = engine.run({"cache", "export", "--node", "reasoning"});
  CHECK(one.out == all.out.substr(end + 1));
  CHECK(engine.run({"cache", "export", "--key", "a"}).out == all.out.substr(0, end + 1));
  CHECK(engine.run({"cache", "export", "--run", "none"}).out == "");
}

TEST_CASE("cache prune needs a condition, and says what it removed") {
  const EngineProcess engine;
  store_two(engine);
  const Finished nothing = engine.run({"cache", "prune"});
  CHECK(nothing.exit_code == 2);
  CHECK(contains(nothing.err, "say what is to go: --older-than DAYS"));
  CHECK(engine.run({"cache", "prune", "--older-than", "1"}).out.find("removed 0 of 2 replies") ==
        0);
  CHECK(engine.run({"cache", "prune", "--damaged"}).out.find("removed 0 of 2 replies") == 0);
  const Finished all = engine.run({"cache", "prune", "--run", "run-1"});
  CHECK(all.err == "");
  CHECK(all.exit_code == 0);
  CHECK(all.out.find("removed 2 of 2 replies; .rare/replies.db had ") == 0);
  CHECK(Json::parse(engine.run({"cache", "stats", "--json"}).out)["unanswered"] == 0);
}

TEST_CASE("cache of a file that is not there says where to look, and makes none") {
  const EngineProcess engine;
  for (const char* verb : {"stats", "export"}) {
    const Finished finished = engine.run({"cache", verb, "--cache", "none.db"});
    CHECK(finished.exit_code == 2);
    CHECK(finished.out == "");
    CHECK(contains(finished.err, std::string("rare-engine cache ") + verb +
                                     ": there is no reply store none.db."));
  }
  CHECK_FALSE(engine.exists("none.db"));
}

}  // namespace
}  // namespace rare::engine
