// The way of a chat when something goes wrong: retries, faults of records and of runs.
#include <atomic>
#include <chrono>
#include <thread>

#include "catch.h"
#include "chat_fixture.h"

using namespace rare;
using namespace rare::llm;
using Catch::Matchers::Contains;

namespace {

const char* const kQuota =
    R"({"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}})";

ChatRequest with_schema() {
  ChatRequest request = question("q");
  request.schema =
      Json::parse(R"({"type":"object","properties":{"q":{"type":"string"}},"required":["q"]})");
  return request;
}

// The status that a client gives when the endpoint answers all calls with `response`.
Status fault_of(const testing::HttpResponse& response) {
  ScriptedEndpoint endpoint([&](int, const std::string&) { return response; });
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.api_key = "top-secret-key";
  ChatClient client(context, options);
  const Status status = ask(client, "q").status();
  CHECK(status.message().find("top-secret-key") == std::string::npos);
  CHECK_THAT(status.message(), Contains("service 'teacher'") && Contains("http://127.0.0.1:"));
  // What comes later gets the same answer, unasked.
  const int calls = endpoint.calls();
  if (status.fault() == Fault::run) {
    CHECK(ask(client, "another").status().message() == status.message());
    CHECK(endpoint.calls() == calls);
  }
  return status;
}

}  // namespace

TEST_CASE("passing faults are asked again until the answer comes") {
  struct Fault {
    const char* name;
    testing::HttpResponse response;
  };
  testing::HttpResponse cut = answer("x"), nothing = answer("x");
  cut.cut_at_share = 0.7;
  nothing.cut_at_share = 0.0;
  const Fault faults[] = {
      {"408", http(408, "")},
      {"409", http(409, "")},
      {"425", http(425, "")},
      {"429", http(429, R"({"error":{"message":"slow down"}})")},
      {"500", http(500, "oops")},
      {"502", http(502, "<html>")},
      {"503", http(503, "")},
      {"cut reply", cut},
      {"no reply", nothing},
      {"200 without JSON", http(200, "<html>busy</html>")},
      {"200 without choices", http(200, R"({"choices":[]})")},
      {"200 cut JSON", http(200, completion_json("x").substr(0, 40))},
      {"200 with an error", http(200, R"({"error":{"message":"overloaded"}})")},
  };
  for (const Fault& fault : faults) {
    INFO(fault.name);
    ScriptedEndpoint endpoint([&](int call, const std::string&) {
      return call < 3 ? fault.response : answer("at last");
    });
    testing::TestContext context;
    ChatClient client(context, options_for(endpoint.url()));
    const auto reply = ask(client, "q");
    REQUIRE(reply.ok());
    CHECK(reply->text == "at last");
    CHECK(client.usage()["retries"] == 3);
    CHECK(client.usage()["calls"] == 1);
    CHECK(context.replies().size() == 1);
  }
}

TEST_CASE("retries end; the status says what came and how often it was asked") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return http(500, "oops"); });
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.max_retries = 2;
  ChatClient client(context, options);
  const Status status = ask(client, "q").status();
  CHECK(status.fault() == Fault::record);
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(status.attempts() == 3);
  CHECK_THAT(status.message(), Contains("status 500 (oops)") && Contains("3 attempts"));
  CHECK(endpoint.calls() == 3);
}

TEST_CASE("an endpoint that is gone for every call is waited for") {
  std::atomic<bool> gone = false;
  ScriptedEndpoint endpoint(
      [&](int, const std::string&) { return gone ? http(503, "no workers") : answer("x"); });
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.max_retries = 2;
  ChatClient client(context, options);
  REQUIRE(ask(client, "before").ok());
  gone = true;
  auto one = client.chat(question("one"), {"n", 1});
  auto two = client.chat(question("two"), {"n", 1});
  while (endpoint.calls() < 20) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  gone = false;
  CHECK(testing::wait_for(std::move(one)).ok());
  CHECK(testing::wait_for(std::move(two)).ok());
}

TEST_CASE("a call that is refused while others are answered is no outage") {
  ScriptedEndpoint endpoint([](int, const std::string& body) {
    return body.find("bad") == std::string::npos ? answer("x") : http(503, "not this one");
  });
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.max_retries = 2;
  options.backoff_longest = options.backoff_first = std::chrono::milliseconds(50);
  ChatClient client(context, options);
  REQUIRE(ask(client, "before").ok());
  auto bad = client.chat(question("bad"), {"n", 1});
  std::atomic<bool> given_up = false;
  std::thread others([&] {
    for (int i = 0; !given_up; ++i) static_cast<void>(ask(client, "good " + std::to_string(i)));
  });
  const Status status = testing::wait_for(std::move(bad)).status();
  given_up = true;
  others.join();
  CHECK(status.fault() == Fault::record);
  CHECK(status.attempts() >= 3);
}

TEST_CASE("an outage beyond its limit ends the run, which can be gone on with") {
  std::atomic<bool> gone = false;
  ScriptedEndpoint endpoint(
      [&](int, const std::string&) { return gone ? http(502, "nobody") : answer("x"); });
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.max_retries = 2;
  options.outage_limit = std::chrono::milliseconds(50);
  ChatClient client(context, options);
  REQUIRE(ask(client, "before").ok());
  gone = true;
  const Status status = ask(client, "q").status();
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::unavailable);
  CHECK_THAT(status.message(), Contains("outage_limit") && Contains("goes on from here"));
}

TEST_CASE("Retry-After is waited for") {
  ScriptedEndpoint endpoint([](int call, const std::string&) {
    testing::HttpResponse response = call == 0 ? http(429, "") : answer("x");
    if (call == 0) response.headers.emplace_back("retry-after-ms", "120");
    return response;
  });
  testing::TestContext context;
  ChatClient client(context, options_for(endpoint.url()));
  const auto before = std::chrono::steady_clock::now();
  REQUIRE(ask(client, "q").ok());
  // Without the header it would come back after 1 ms at most; earlier than told is forbidden.
  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(120));
}

TEST_CASE("a call in back-off leaves its slot to another") {
  ScriptedEndpoint endpoint([](int, const std::string& body) {
    if (body.find("blocked") == std::string::npos) return answer("x");
    testing::HttpResponse response = http(429, "");
    response.headers.emplace_back("Retry-After", "3600");
    return response;
  });
  testing::TestContext context;
  ChatOptions options = options_for(endpoint.url());
  options.max_in_flight = 1;
  ChatClient client(context, options);
  auto blocked = client.chat(question("blocked"), {"n", 9});
  CHECK(ask(client, "one").ok());
  CHECK(ask(client, "two").ok());
  client.cancel();
  CHECK(testing::wait_for(std::move(blocked)).status().code() == StatusCode::cancelled);
}

TEST_CASE("what no request can pass stops the run with words that help") {
  Status status = fault_of(http(401, R"({"error":{"message":"Incorrect API key provided"}})"));
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::permission_denied);
  CHECK_THAT(status.message(),
             Contains("401") && Contains("Incorrect API key provided") && Contains("`api_key`"));
  status = fault_of(http(403, "forbidden"));
  CHECK(status.code() == StatusCode::permission_denied);
  status = fault_of(http(404, R"({"error":{"message":"The model `m-1` does not exist"}})"));
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::not_found);
  CHECK_THAT(status.message(), Contains("\"m-1\"") && Contains("`model`"));
  status = fault_of(http(404, "no such path"));
  CHECK(status.fault() == Fault::run);
  CHECK_THAT(status.message(), Contains("`base_url`"));
  status = fault_of(http(429, kQuota));
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK_THAT(status.message(), Contains("quota") && Contains("exceeded"));
}

TEST_CASE("a refused request costs its record alone and keeps the endpoint's words") {
  const Status status = fault_of(http(400, R"({"error":{"message":"context too long"}})"));
  CHECK(status.fault() == Fault::record);
  CHECK(status.code() == StatusCode::invalid_data);
  CHECK_THAT(status.message(), Contains("context too long"));
  CHECK_THAT(status.raw().value_or(""), Contains("context too long"));
}

TEST_CASE("nobody there at the very first call: the run may be tried later") {
  testing::TestContext context;
  ChatClient client(context, options_for("http://127.0.0.1:1/v1/chat/completions"));
  const Status status = ask(client, "q").status();
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::unavailable);
  CHECK_THAT(status.message(), Contains("http://127.0.0.1:1") && Contains("`base_url`"));
}

TEST_CASE("one of several endpoints that is gone is done without") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer("x"); });
  testing::TestContext context;
  ChatOptions options = options_for("http://127.0.0.1:1/v1/chat/completions");
  options.endpoints.push_back(endpoint.url());
  ChatClient client(context, options);
  for (int i = 0; i < 5; ++i) CHECK(ask(client, std::to_string(i)).ok());
}

TEST_CASE("a store that cannot keep a reply stops the run") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer("x"); });
  HeldStore store;
  StoreContext context(store);
  ChatClient client(context, options_for(endpoint.url()));
  auto waiting = client.chat(question("q"), {"n", 1});
  store.wait_for_puts(1);
  store.finish_all(Status(StatusCode::resource_exhausted, "disk full"));
  const Status status = testing::wait_for(std::move(waiting)).status();
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK_THAT(status.message(), Contains("disk full") && Contains("could not be stored"));
  CHECK(ask(client, "more").status().fault() == Fault::run);
  CHECK(endpoint.calls() == 1);
}

TEST_CASE("a reply that is not to be asked for costs its record, and nothing is asked") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer("x"); });
  HeldStore store;
  store.find_status = Status(StatusCode::not_found, "not in the store");
  StoreContext context(store);
  ChatClient client(context, options_for(endpoint.url()));
  for (const char* text : {"q", "another"}) {
    const Status status = ask(client, text).status();
    CHECK(status.fault() == Fault::record);
    CHECK_THAT(status.message(), Contains("not in the store"));
  }
  CHECK(endpoint.calls() == 0);
}

TEST_CASE("a store that cannot be read stops the run before anything is paid for") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer("x"); });
  HeldStore store;
  store.find_status = Status(StatusCode::invalid_data, "checksum wrong");
  StoreContext context(store);
  ChatClient client(context, options_for(endpoint.url()));
  const Status status = ask(client, "q").status();
  CHECK(status.fault() == Fault::run);
  CHECK_THAT(status.message(), Contains("checksum wrong"));
  CHECK(endpoint.calls() == 0);
}

TEST_CASE("an endpoint without structured output is asked in words, after one lesson") {
  const auto serves = [](const std::string& refused) {
    return [refused](int, const std::string& body) {
      const bool refuse = body.find(refused) != std::string::npos;
      return refuse ? http(400, R"({"error":{"message":"response_format is not supported"}})")
                    : answer(R"({"q": "fine"})");
    };
  };
  testing::TestContext context;
  SECTION("no json_schema: json_object") {
    ScriptedEndpoint endpoint(serves("\"json_schema\""));
    ChatClient client(context, options_for(endpoint.url()));
    CHECK(ask(client, with_schema())->structured.has_value());
    CHECK(endpoint.calls() == 2);
    ChatRequest second = with_schema();
    second.attempt = 1;
    CHECK(ask(client, second)->structured.has_value());
    CHECK(endpoint.calls() == 3);
    CHECK_THAT(endpoint.bodies().back(), Contains("json_object"));
  }
  SECTION("no response_format at all: prompt") {
    ScriptedEndpoint endpoint(serves("response_format"));
    ChatClient client(context, options_for(endpoint.url()));
    CHECK(ask(client, with_schema())->structured.has_value());
    CHECK(endpoint.calls() == 3);
    CHECK(client.usage()["throttled"] == 0);
  }
  SECTION("a form asked for by name is not changed") {
    ScriptedEndpoint endpoint(serves("\"json_schema\""));
    ChatOptions options = options_for(endpoint.url());
    options.structured = Structured::json_schema;
    ChatClient client(context, options);
    CHECK_THAT(ask(client, with_schema()).status().message(), Contains("response_format"));
  }
}
