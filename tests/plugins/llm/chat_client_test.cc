// The way of a chat when nothing goes wrong: store, equal requests, admission, order, cancel.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "chat_fixture.h"
#include "chat_protocol.h"

using namespace rare;
using namespace rare::llm;
using Catch::Matchers::Contains;

namespace {

std::string prompt_in(const std::string& body) {
  return Json::parse(body)["messages"][0]["content"];
}

}  // namespace

TEST_CASE("a chat is answered, counted, stored, and not asked again") {
  ScriptedEndpoint endpoint(
      [](int, const std::string&) { return answer("<think>because</think>it is so"); });
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.api_key = "sesame";
  {
    ChatClient client(context, options);
    const auto reply = ask(client, "why?");
    REQUIRE(reply.ok());
    CHECK(reply->text == "it is so");
    CHECK(reply->reasoning == "because");
    CHECK(reply->raw == "<think>because</think>it is so");
    CHECK(reply->finish_reason == "stop");
    CHECK(reply->prompt_tokens == 7);
    CHECK_FALSE(reply->from_store);
    CHECK(reply->problem.empty());
    CHECK(client.usage()["calls"] == 1);
    CHECK(client.usage()["prompt_tokens"] == 7);
    CHECK(client.activity().empty());
  }
  CHECK(endpoint.authorizations().at(0) == "Bearer sesame");
  CHECK(Json::parse(endpoint.bodies().at(0))["model"] == "m-1");

  // Another start, another place: the same reply, at no cost.
  options.endpoints = {"http://127.0.0.1:1/v1/chat/completions"};
  options.api_key = "another";
  ChatClient later(context, options);
  const auto again = ask(later, "why?");
  REQUIRE(again.ok());
  CHECK(again->from_store);
  CHECK(again->text == "it is so");
  CHECK(later.usage()["cache_hits"] == 1);
  CHECK(later.usage()["calls"] == 0);
  CHECK(later.usage()["completion_tokens"] == 0);
}

TEST_CASE("no key, no Authorization header") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer("x"); });
  testing::TestContext context;
  ChatClient client(context, options_for(endpoint.url()));
  REQUIRE(ask(client, "q").ok());
  CHECK(endpoint.authorizations().at(0).empty());
}

TEST_CASE("equal requests at the same time are one call") {
  HoldingEndpoint endpoint;
  testing::TestContext context;
  ChatClient client(context, options_for(endpoint.url()));
  std::vector<Awaitable<Result<ChatReply>>> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(client.chat(question("same"), {"n", 1}));
  waiting.push_back(client.chat(question("other"), {"n", 1}));
  endpoint.wait_for_calls(2);
  endpoint.answer_oldest();
  endpoint.answer_oldest();
  for (auto& one : waiting) CHECK(testing::wait_for(std::move(one)).ok());
  CHECK(endpoint.calls() == 2);
  CHECK(client.usage()["shared"] == 9);
}

namespace {

// Whether the time of a record runs.
class RecordedLimit final : public TimeLimit {
 public:
  void pause() override { running = false; }
  void resume() override { running = true; }
  std::atomic<bool> running{true};
};

// A chat that is waited for in a thread of its own.
struct Asked {
  Asked(ChatClient& client, const std::string& text)
      : thread([this, &client, text] {
          ok = testing::wait_for(client.chat(question(text), {"n", 1}), &limit).ok();
        }) {}
  RecordedLimit limit;
  bool ok = false;
  std::thread thread;
};

template <class Condition>
void wait_until(const Condition& condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

TEST_CASE("only transfers count against a record's time, not admission and back-off") {
  HoldingEndpoint endpoint;
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.max_in_flight = 1;
  ChatClient client(context, options);
  Asked first(client, "a");
  endpoint.wait_for_calls(1);
  Asked second(client, "b"), equal(client, "a");
  wait_until([&] { return first.limit.running && !second.limit.running && equal.limit.running; });
  endpoint.refuse_oldest();  // back-off for the one, the turn of the other
  endpoint.wait_for_calls(2);
  wait_until([&] { return !first.limit.running && second.limit.running && !equal.limit.running; });
  endpoint.answer_oldest();
  endpoint.wait_for_calls(3);
  wait_until([&] { return first.limit.running && equal.limit.running; });
  endpoint.answer_oldest();
  for (Asked* asked : {&first, &second, &equal}) {
    asked->thread.join();
    CHECK(asked->ok);
  }
}

TEST_CASE("a reply is used only after it is stored") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer("x"); });
  HeldStore store;
  StoreContext context(store);
  std::atomic<bool> answered = false;
  ChatClient client(context, options_for(endpoint.url()));
  std::thread asker([&] {
    CHECK(ask(client, "q").ok());
    answered = true;
  });
  store.wait_for_puts(1);
  CHECK_FALSE(answered);
  CHECK(client.usage()["replies"] == 0);
  CHECK(store.stored.at(0).body == completion_json("x"));
  CHECK(store.stored.at(0).model == "m-1");
  CHECK(store.stored.at(0).node == "node");
  CHECK(store.stored.at(0).service == "teacher");
  CHECK(Json::parse(store.stored.at(0).request)["messages"][0]["content"] == "q");
  store.finish_all(Status());
  asker.join();
  CHECK(answered);
  CHECK(client.usage()["replies"] == 1);
  CHECK(client.usage()["completion_tokens"] == 3);
  CHECK(client.usage()["by_node"]["node"]["prompt_tokens"] == 7);
}

TEST_CASE("a slot is free when the reply has come, not when it is stored") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer("x"); });
  HeldStore store;
  StoreContext context(store);
  ChatOptions options = options_for(endpoint.url());
  options.max_in_flight = 1;
  ChatClient client(context, options);
  std::vector<Awaitable<Result<ChatReply>>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(client.chat(question(std::to_string(i)), {"n", 1}));
  store.wait_for_puts(3);
  store.finish_all(Status());
  for (auto& one : waiting) CHECK(testing::wait_for(std::move(one)).ok());
}

TEST_CASE("never more than max_in_flight, over all clients and through retries") {
  testing::ProtocolOptions behaviour;
  behaviour.latency_ms = 3;
  behaviour.fault_429 = 10;
  behaviour.fault_500 = 5;
  behaviour.fault_cut = 4;
  testing::ChatProtocol protocol(behaviour);
  testing::HttpServer server(
      [&](const testing::HttpRequest& request, testing::HttpServer::Reply reply) {
        protocol.handle(request, reply);
      });
  server.start();
  testing::TestContext context;
  ChatOptions options = options_for(server.url() + "/v1/chat/completions");
  options.max_in_flight = 8;
  options.max_retries = 30;
  Json usage;
  {
    ChatClient client(context, options);
    std::vector<Awaitable<Result<ChatReply>>> waiting;
    for (int i = 0; i < 400; ++i) {
      waiting.push_back(client.chat(question("q" + std::to_string(i)), {"n", i % 3}));
    }
    for (auto& one : waiting) CHECK(testing::wait_for(std::move(one)).ok());
    usage = client.usage();
  }
  server.stop();
  const Json stats = protocol.stats(8);
  CHECK(stats["max_in_flight"] == 8);
  CHECK(stats["statuses"]["200"] == 400);
  CHECK(usage["calls"] == 400);
  // libcurl itself asks once more when a kept connection closes before the reply's first byte, as
  // half of the cut ones do.
  const int beyond_first = stats["calls"].get<int>() - 400;
  CHECK(usage["retries"].get<int>() <= beyond_first);
  CHECK(usage["retries"].get<int>() >= beyond_first - stats["cut"].get<int>());
  CHECK(usage["throttled"] == stats["statuses"]["429"]);
  CHECK(context.replies().size() == 400);
}

TEST_CASE("deeper nodes go first, then older records") {
  HoldingEndpoint endpoint;
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.max_in_flight = 1;
  ChatClient client(context, options);
  std::vector<Awaitable<Result<ChatReply>>> waiting;
  waiting.push_back(client.chat(question("first"), {"a", 1}));
  endpoint.wait_for_calls(1);
  const auto add = [&](const char* text, int depth, std::uint64_t ordinal) {
    ChatRequest request = question(text);
    request.ordinal = ordinal;
    waiting.push_back(client.chat(std::move(request), {"n", depth}));
  };
  add("shallow 5", 1, 5);
  add("deep 9", 2, 9);
  add("shallow 2", 1, 2);
  add("deep 3", 2, 3);
  wait_for_activity(client, "4 waiting");
  for (const char* expected : {"deep 3", "deep 9", "shallow 2", "shallow 5"}) {
    const std::size_t before = endpoint.calls();
    endpoint.answer_oldest();
    endpoint.wait_for_calls(before + 1);
    CHECK(prompt_in(endpoint.body(before)) == expected);
  }
  endpoint.answer_oldest();
  for (auto& one : waiting) CHECK(testing::wait_for(std::move(one)).ok());
}

TEST_CASE("calls go to the endpoint with the fewest in flight") {
  HoldingEndpoint left, right;
  testing::TestContext context;
  ChatOptions options = options_for(left.url());
  options.endpoints.push_back(right.url());
  ChatClient client(context, options);
  std::vector<Awaitable<Result<ChatReply>>> waiting;
  for (int i = 0; i < 6; ++i) waiting.push_back(client.chat(question(std::to_string(i)), {"n", 1}));
  left.wait_for_calls(3);
  right.wait_for_calls(3);
  for (int i = 0; i < 3; ++i) {
    left.answer_oldest();
    right.answer_oldest();
  }
  for (auto& one : waiting) CHECK(testing::wait_for(std::move(one)).ok());
  CHECK(left.calls() == 3);
}

TEST_CASE("cancel answers all that is open, whatever it waits for") {
  HoldingEndpoint endpoint;
  HeldStore store;
  StoreContext context(store);
  ChatOptions options = options_for(endpoint.url());
  options.max_in_flight = 2;
  ChatClient client(context, options);
  std::vector<Awaitable<Result<ChatReply>>> waiting;
  for (int i = 0; i < 6; ++i) waiting.push_back(client.chat(question(std::to_string(i)), {"n", 1}));
  endpoint.wait_for_calls(2);
  endpoint.answer_oldest();
  store.wait_for_puts(1);
  client.cancel();
  waiting.push_back(client.chat(question("late"), {"n", 1}));
  for (auto& one : waiting) {
    const auto reply = testing::wait_for(std::move(one));
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.status().code() == StatusCode::cancelled);
  }
  CHECK(store.stored.size() == 1);  // what came is kept
  store.finish_all(Status());
}

TEST_CASE("a client that ends leaves no request unanswered and no callback behind") {
  HoldingEndpoint endpoint;
  HeldStore store;
  StoreContext context(store);
  std::vector<Awaitable<Result<ChatReply>>> waiting;
  {
    ChatClient client(context, options_for(endpoint.url()));
    waiting.push_back(client.chat(question("stored"), {"n", 1}));
    endpoint.wait_for_calls(1);
    endpoint.answer_oldest();
    store.wait_for_puts(1);
    waiting.push_back(client.chat(question("asked"), {"n", 1}));
    endpoint.wait_for_calls(2);
  }
  store.finish_all(Status());
  for (auto& one : waiting) {
    CHECK(testing::wait_for(std::move(one)).status().code() == StatusCode::cancelled);
  }
}

TEST_CASE("answers are checked against the schema") {
  std::string content = R"({"q": "fine"})";
  ScriptedEndpoint endpoint([&](int, const std::string&) { return answer(content); });
  testing::TestContext context;
  ChatClient client(context, options_for(endpoint.url()));
  ChatRequest request = question("q");
  request.schema =
      Json::parse(R"({"type":"object","properties":{"q":{"type":"string"}},"required":["q"]})");
  auto reply = ask(client, request);
  REQUIRE(reply.ok());
  REQUIRE(reply->structured.has_value());
  CHECK((*reply->structured)["q"] == "fine");

  content = "{}";
  request.attempt = 1;
  reply = ask(client, request);
  REQUIRE(reply.ok());
  CHECK_FALSE(reply->structured.has_value());
  CHECK_THAT(reply->problem, Contains("q"));
  CHECK(reply->raw == "{}");
}

TEST_CASE("cut, empty and endless replies say what is wrong with them") {
  testing::HttpResponse next;
  ScriptedEndpoint endpoint([&](int, const std::string&) { return next; });
  testing::TestContext context;
  ChatClient client(context, options_for(endpoint.url()));
  int number = 0;
  const auto problem = [&](const std::string& body) {
    next = http(200, body);
    const auto reply = ask(client, std::to_string(number++));
    return reply.ok() ? reply->problem : "an error: " + reply.status().message();
  };
  CHECK_THAT(problem(completion_json("half", "length")), Contains("cut off"));
  CHECK_THAT(problem(completion_json("", "stop")), Contains("empty"));
  CHECK_THAT(problem(completion_json("<think>on and on")), Contains("never closed"));
  CHECK_THAT(problem(completion_json("<think>on</think> ")), Contains("no answer after it"));
  CHECK_THAT(problem(completion_json("", "content_filter")), Contains("content filter"));
  CHECK(problem(completion_json("fine")).empty());
}

TEST_CASE("the store is told of each request before it goes out, and what became of it") {
  using Told = std::vector<std::string>;
  const auto told = [](const std::vector<testing::HttpResponse>& answers, bool managed = false) {
    HeldStore store;
    StoreContext context(store);
    std::atomic<bool> untold = false;
    ScriptedEndpoint endpoint([&](int call, const std::string&) {
      const Told before = store.everything_told();
      if (!managed && (before.empty() || before.back() != "asked for teacher")) untold = true;
      return answers.at(static_cast<std::size_t>(call));
    });
    ChatOptions options = options_for(endpoint.url());
    options.max_retries = static_cast<int>(answers.size()) - 1;
    options.managed = managed;
    ChatClient client(context, options);
    if (managed) {
      client.set_revision("r");
      client.endpoint_up(endpoint.url(), "");
    }
    auto open = client.chat(question("q"), {"node", 1});
    if (answers.back().status == 200 && !answers.back().cut_at_share) {
      store.wait_for_puts(1);
      store.finish_all(Status());
    }
    static_cast<void>(testing::wait_for(std::move(open)));
    CHECK_FALSE(untold);
    return store.everything_told();
  };
  testing::HttpResponse cut = answer("x");
  cut.cut_at_share = 0.7;
  const std::string asked = "asked for teacher";
  CHECK(told({answer("fine")}) == Told{asked});
  CHECK(told({http(429, "{}"), answer("fine")}) == Told{asked, "refused", asked});
  CHECK(told({cut, answer("fine")}) == Told{asked, "lost", asked});
  CHECK(told({http(200, "<html>"), answer("fine")}) == Told{asked, "lost", asked});
  CHECK(told({http(400, "{}")}) == Told{asked, "refused"});
  CHECK(told({cut, cut}) == Told{asked, "lost", asked, "lost"});
  CHECK(told({cut, answer("fine")}, true).empty());
}

TEST_CASE("a request that is cut was lost, and the store knows before the asker") {
  HeldStore store;
  StoreContext context(store);
  HoldingEndpoint endpoint;
  ChatClient client(context, options_for(endpoint.url()));
  auto open = client.chat(question("q"), {"node", 1});
  endpoint.wait_for_calls(1);
  client.cancel();
  CHECK(testing::wait_for(std::move(open)).status().code() == StatusCode::cancelled);
  CHECK(store.everything_told() == std::vector<std::string>{"asked for teacher", "lost"});
}
