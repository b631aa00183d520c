// Replies that come piece by piece.
#include "catch.h"
#include "chat_fixture.h"

namespace {

using namespace rare;
using namespace rare::llm;
using Catch::Matchers::Contains;
using std::chrono::milliseconds;

std::string delta_event(const std::string& content, const Json& finish = nullptr) {
  const Json choice = {{"index", 0}, {"delta", {{"content", content}}}, {"finish_reason", finish}};
  return "data: " + Json{{"model", "m-1"}, {"choices", Json::array({choice})}}.dump() + "\n\n";
}

const std::string kUsageEvent =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n";

rare::testing::HttpResponse in_pieces(std::vector<rare::testing::HttpResponse::Piece> pieces) {
  rare::testing::HttpResponse response;
  response.content_type = "text/event-stream";
  response.pieces = std::move(pieces);
  return response;
}

rare::testing::HttpResponse streamed_answer() {
  return in_pieces({{delta_event("it ")},
                    {delta_event("is so") + delta_event("", "stop")},
                    {kUsageEvent + "data: [DONE]\n\n"}});
}

ChatOptions streaming_options(const std::string& url, Stream stream = Stream::automatic) {
  ChatOptions options = options_for(url);
  options.stream = stream;
  return options;
}

bool asks_for_pieces(const std::string& body) { return Json::parse(body).value("stream", false); }

}  // namespace

TEST_CASE("a streamed reply is what a whole one would be: counted, stored, not asked again") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return streamed_answer(); });
  rare::testing::TestContext context;
  {
    ChatClient client(context, streaming_options(endpoint.url()));
    const auto reply = ask(client, "why?");
    INFO(reply.status().message());
    REQUIRE(reply.ok());
    CHECK(reply->text == "it is so");
    CHECK(reply->finish_reason == "stop");
    CHECK(reply->prompt_tokens == 7);
    CHECK(reply->completion_tokens == 3);
  }
  const Json body = Json::parse(endpoint.bodies().at(0));
  CHECK(body["stream"] == true);
  CHECK(body["stream_options"]["include_usage"] == true);
  // How a reply came is no part of what identifies it.
  ChatClient later(context,
                   streaming_options("http://127.0.0.1:1/v1/chat/completions", Stream::off));
  const auto again = ask(later, "why?");
  REQUIRE(again.ok());
  CHECK(again->from_store);
  CHECK(again->text == "it is so");
}

TEST_CASE("auto streams what may be long, on everything, off nothing") {
  ScriptedEndpoint endpoint([](int, const std::string& body) {
    return asks_for_pieces(body) ? streamed_answer() : answer("whole");
  });
  struct Case {
    Stream stream;
    Json generation;
    bool streams;
  };
  for (const Case& c :
       {Case{Stream::automatic, Json::object(), true},
        {Stream::automatic, {{"max_tokens", 2000}}, false},
        {Stream::automatic, {{"max_tokens", 2001}}, true},
        {Stream::automatic, {{"extra_body", {{"max_completion_tokens", 100}}}}, false},
        {Stream::on, {{"max_tokens", 10}}, true},
        {Stream::off, Json::object(), false}}) {
    rare::testing::TestContext context;
    ChatOptions options = streaming_options(endpoint.url(), c.stream);
    options.generation = c.generation;
    ChatClient client(context, options);
    const auto reply = ask(client, "why?");
    CAPTURE(c.generation.dump());
    REQUIRE(reply.ok());
    CHECK(reply->text == (c.streams ? "it is so" : "whole"));
  }
}

TEST_CASE(
    "an endpoint that knows no stream_options, or no stream, is asked without, after one lesson") {
  const std::string refused = GENERATE("stream_options", "stream");
  ScriptedEndpoint endpoint([refused](int, const std::string& body) {
    if (Json::parse(body).contains(refused)) {
      return http(400,
                  R"({"error":{"message":"Unrecognized request argument: )" + refused + "\"}}");
    }
    return asks_for_pieces(body) ? streamed_answer() : answer("whole");
  });
  rare::testing::TestContext context;
  ChatClient client(context, streaming_options(endpoint.url()));
  const std::string expected = refused == "stream" ? "whole" : "it is so";
  for (const char* question : {"why?", "how?"}) {
    const auto reply = ask(client, question);
    INFO(reply.status().message());
    REQUIRE(reply.ok());
    CHECK(reply->text == expected);
  }
  CHECK(endpoint.calls() == (refused == "stream" ? 4 : 3));
  CHECK(client.usage()["completion_tokens"] == 6);
  CHECK_THAT(context.lines().at(0), Contains("refuses to stream replies so"));
}

TEST_CASE("stream: on says so when the endpoint cannot") {
  ScriptedEndpoint endpoint([](int, const std::string& body) {
    return asks_for_pieces(body) ? http(400, R"({"error":"stream is not supported"})")
                                 : answer("whole");
  });
  rare::testing::TestContext context;
  ChatClient client(context, streaming_options(endpoint.url(), Stream::on));
  const auto reply = ask(client, "why?");
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.status().fault() == Fault::run);
  CHECK_THAT(reply.status().message(), Contains("say `stream: auto` or `off`"));
}

TEST_CASE("an endpoint that answers whole when asked to stream is understood") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer("whole"); });
  rare::testing::TestContext context;
  ChatClient client(context, streaming_options(endpoint.url()));
  const auto reply = ask(client, "why?");
  REQUIRE(reply.ok());
  CHECK(reply->text == "whole");
}

TEST_CASE("a stream that stands still, is cut, or tells of an error is asked again") {
  const std::vector<rare::testing::HttpResponse> faults = [] {
    auto cut = in_pieces({{delta_event("it ")}});
    cut.cut_at_share = 1.0;
    return std::vector{
        in_pieces({{delta_event("it ")}, {delta_event("is"), milliseconds(60'000)}}), cut,
        in_pieces({{delta_event("it ")}}),
        in_pieces({{delta_event("it ") + "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"}})};
  }();
  for (std::size_t fault = 0; fault < faults.size(); ++fault) {
    CAPTURE(fault);
    ScriptedEndpoint endpoint([&](int call, const std::string&) {
      return call == 0 ? faults[fault] : streamed_answer();
    });
    rare::testing::TestContext context;
    ChatOptions options = streaming_options(endpoint.url());
    options.stall_timeout = milliseconds(200);
    ChatClient client(context, options);
    const auto reply = ask(client, "why?");
    INFO(reply.status().message());
    REQUIRE(reply.ok());
    CHECK(reply->text == "it is so");
    CHECK(endpoint.calls() == 2);
    CHECK(client.usage()["retries"] == 1);
  }
}
