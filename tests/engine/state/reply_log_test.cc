// Logs of replies that outlive the machine that asked.
#include "engine/state/reply_log.h"

#include <fstream>
#include <future>
#include <map>
#include <string>
#include <utility>

#include "catch.h"
#include "reply_fixture.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using namespace std::string_literals;

void log_reply(ReplyLog& log, const std::string& key, const std::string& body) {
  std::promise<rare::Status> done;
  log.append({"", key, reply_of(body)},
             [&](rare::Status status) { done.set_value(std::move(status)); });
  REQUIRE(done.get_future().get().ok());
}

std::map<std::string, LoggedReply> all_in(const std::string& folder) {
  std::map<std::string, LoggedReply> replies;
  const rare::Status status = read_reply_logs(folder, {}, [&](LoggedReply reply) {
    replies[reply.key] = std::move(reply);
    return rare::Status();
  });
  INFO(status.message());
  CHECK(status.ok());
  return replies;
}

TEST_CASE("what attempts logged is read whole, whatever bytes it has") {
  ScratchFolder folder;
  const std::string logs = folder / "replies/00003";
  CHECK(all_in(logs).empty());
  for (const std::string length : {"x", "xx", "xxx"}) {
    const auto log = ReplyLog::open(logs + "/" + length + ".jsonl");
    REQUIRE(log.ok());
    log_reply(**log, length, length + "\xff\n\0"s + length);
  }
  const auto replies = all_in(logs);
  REQUIRE(replies.size() == 3);
  for (const auto& [key, logged] : replies) {
    const rare::StoredReply wanted = reply_of(key + "\xff\n\0"s + key);
    CHECK(logged.reply.body == wanted.body);
    CHECK(logged.reply.request == wanted.request);
    CHECK(logged.reply.model == wanted.model);
    CHECK(logged.reply.node == wanted.node);
    CHECK(logged.reply.latency_s == wanted.latency_s);
    CHECK(logged.reply.prompt_tokens == wanted.prompt_tokens);
    CHECK(logged.reply.completion_tokens == wanted.completion_tokens);
  }
}

TEST_CASE("logs of attempts that are named come before the others, in the order of their names") {
  ScratchFolder folder;
  const std::string logs = folder / "replies/00003";
  for (const std::string attempt : {"b", "d", "a", "c"}) {
    const auto log = ReplyLog::open(logs + "/" + attempt + ".jsonl");
    REQUIRE(log.ok());
    log_reply(**log, "same", attempt);
  }
  std::string order;
  const rare::Status status = read_reply_logs(logs, {"c", "gone", "b"}, [&](LoggedReply reply) {
    order += reply.reply.body;
    return rare::Status();
  });
  CHECK(status.ok());
  CHECK(order == "cbad");
}

TEST_CASE("a torn last line is no reply, and the attempt goes on behind the whole ones") {
  ScratchFolder folder;
  const std::string file = folder / "attempt.jsonl";
  log_reply(**ReplyLog::open(file), "first", "one");
  const std::string whole = read_file(file);
  std::ofstream(file, std::ios::app) << whole.substr(0, whole.size() / 2);
  CHECK(all_in(folder / "").size() == 1);
  log_reply(**ReplyLog::open(file), "second", "two");
  const auto replies = all_in(folder / "");
  REQUIRE(replies.size() == 2);
  CHECK(replies.at("second").reply.body == "two");
  CHECK(read_file(file).starts_with(whole));
}

TEST_CASE("a damaged line in the middle is passed over") {
  ScratchFolder folder;
  const std::string file = folder / "attempt.jsonl";
  for (const char* key : {"first", "second"}) log_reply(**ReplyLog::open(file), key, key);
  std::string text = read_file(file);
  text[0] = 'x';
  std::ofstream(file, std::ios::trunc) << text;
  const auto replies = all_in(folder / "");
  REQUIRE(replies.size() == 1);
  CHECK(replies.contains("second"));
}

}  // namespace
