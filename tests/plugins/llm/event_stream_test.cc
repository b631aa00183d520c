// Completions that come as events: put together as if they had come whole.
#include "plugins/llm/event_stream.h"
#include "catch.h"

using rare::Json;
using rare::llm::EventStream;
using Read = rare::net::BodyReader::Read;

namespace {

std::string event(const Json& data) { return "data: " + data.dump() + "\n\n"; }

Json chunk(Json delta, Json finish = nullptr, int index = 0) {
  return {{"id", "c-1"},
          {"object", "chat.completion.chunk"},
          {"model", "m"},
          {"usage", nullptr},
          {"choices", Json::array({{{"index", index},
                                    {"delta", std::move(delta)},
                                    {"finish_reason", std::move(finish)}}})}};
}

const std::string kDone = "data: [DONE]\n\n";

Json whole(const std::string& text, std::size_t step) {
  EventStream stream(1 << 20);
  for (std::size_t at = 0; at < text.size(); at += step) {
    REQUIRE(stream.read(std::string_view(text).substr(at, step)) != Read::too_large);
  }
  const auto body = stream.body();
  INFO(body.status().message());
  REQUIRE(body.ok());
  return Json::parse(*body);
}

std::string error_of(const std::string& text) {
  EventStream stream(1 << 20);
  stream.read(text);
  const auto body = stream.body();
  REQUIRE_FALSE(body.ok());
  return body.status().message();
}

}  // namespace

TEST_CASE("chunks make the completion, however the bytes are split") {
  const std::string text =
      ": connected\n\n" + event(chunk({{"role", "assistant"}, {"content", ""}})) +
      event(chunk({{"reasoning_content", "Hm\u00e9, "}})) + ": ping\n\n" +
      event(chunk({{"reasoning_content", "so."}})) + event(chunk({{"content", "An "}})) +
      event(chunk({{"content", "an\nswer"}})) + event(chunk(Json::object(), "stop")) +
      event({{"id", "c-1"},
             {"choices", Json::array()},
             {"usage", {{"prompt_tokens", 7}, {"completion_tokens", 3}}}}) +
      kDone;
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, text.size()}) {
    const Json body = whole(text, step);
    CHECK(body["object"] == "chat.completion");
    CHECK(body["model"] == "m");
    CHECK(body["usage"]["completion_tokens"] == 3);
    REQUIRE(body["choices"].size() == 1);
    const Json& choice = body["choices"][0];
    CHECK(choice["finish_reason"] == "stop");
    CHECK(choice["message"] == Json{{"role", "assistant"},
                                    {"content", "An an\nswer"},
                                    {"reasoning_content", "Hm\u00e9, so."}});
  }
}

TEST_CASE("several choices and their logprobs are kept apart") {
  Json first = chunk({{"content", "a"}}, nullptr, 1);
  first["choices"][0]["logprobs"] = {{"content", {{{"token", "a"}, {"logprob", -1.5}}}}};
  Json second = chunk({{"content", "b"}}, "stop", 1);
  second["choices"][0]["logprobs"] = {{"content", {{{"token", "b"}, {"logprob", -2.5}}}}};
  const Json body =
      whole(event(first) + event(chunk({{"content", "x"}}, "length", 0)) + event(second), 9);
  REQUIRE(body["choices"].size() == 2);
  CHECK(body["choices"][0]["message"]["content"] == "x");
  CHECK(body["choices"][0]["finish_reason"] == "length");
  CHECK(body["choices"][1]["message"]["content"] == "ab");
  CHECK(body["choices"][1]["logprobs"]["content"].size() == 2);
}

TEST_CASE(
    "carriage returns, several data lines and a missing last newline are the protocol's, too") {
  const Json body = whole(
      "event: chunk\r\ndata: {\"choices\":[{\"index\":0,\r\ndata: \"delta\":{\"content\":\"x\"},"
      "\"finish_reason\":\"stop\"}]}\r\n\r\ndata:[DONE]",
      5);
  CHECK(body["choices"][0]["message"]["content"] == "x");
}

TEST_CASE("a stream without its end is no answer, and says so") {
  CHECK(error_of(event(chunk({{"content", "half"}}))) ==
        "the event stream ended before the answer did (no finish_reason, no [DONE])");
  CHECK(error_of("") ==
        "the event stream ended before the answer did (no finish_reason, no [DONE])");
  CHECK(error_of("data: {\"choices\": [\n\n" + kDone) ==
        "an event that is no JSON object: {\"choices\": [");
}

TEST_CASE("an error that comes as an event is the body") {
  const Json body = whole(
      event(chunk({{"content", "half"}})) + event({{"error", {{"message", "overloaded"}}}}), 50);
  CHECK(body == Json{{"error", {{"message", "overloaded"}}}});
}

TEST_CASE("of members that come again the last value counts, whatever it is") {
  Json first = chunk({{"content", nullptr}, {"tool_calls", Json::array({{{"id", "a"}}})}});
  first["created"] = 1;
  Json second = chunk({{"content", "x"}, {"tool_calls", Json::array({{{"id", "b"}}})}});
  second["created"] = -2.5;
  second["model"] = "other";
  second["more"] = {{"flags", {true, false, nullptr}}, {"most", 18446744073709551615U}};
  const std::string beyond_64_bits =
      R"(data: {"created": 123456789012345678901234567890, "choices": []})"
      "\n\n";
  Json body = whole(event(first) + event(second) + kDone, 11);
  CHECK(body["created"] == -2.5);
  CHECK(body["model"] == "other");
  CHECK(body["more"] == second["more"]);
  CHECK(body["choices"][0]["message"] ==
        Json{{"role", "assistant"},
             {"content", "x"},
             {"tool_calls", Json::array({{{"id", "a"}}, {{"id", "b"}}})}});
  body = whole(event(first) + beyond_64_bits + kDone, 11);
  CHECK(body["created"] == 123456789012345678901234567890.0);
  CHECK(error_of("data: [1, 2]\n\n" + kDone) == "an event that is no JSON object: [1, 2]");
}

TEST_CASE("only events count as progress, and there is a bound") {
  EventStream stream(200);
  CHECK(stream.read(": ping\n\n") == Read::heartbeat);
  CHECK(stream.read("data: {\"cho") == Read::heartbeat);
  CHECK(stream.read("ices\": []}\n\n") == Read::progress);
  CHECK(stream.read("data: " + std::string(300, 'x')) == Read::too_large);
}

TEST_CASE("pieces that are cut out and pieces that are parsed make one text") {
  const std::vector<std::string> pieces = {"An", " answer", "",     ", \"quoted\"",
                                           "\n", "content", "c-1",  "caf\u00e9",
                                           "\\", " and",    " and", " the end."};
  std::string text, expected;
  for (const char* field : {"reasoning_content", "content", "reasoning_content"}) {
    for (const std::string& piece : pieces) text += event(chunk({{field, piece}}));
  }
  for (const std::string& piece : pieces) expected += piece;
  // Equal events one after another, with lists that grow by each of them.
  for (int i = 0; i < 3; ++i) {
    Json with_list = chunk({{"content", "!"}});
    with_list["choices"][0]["logprobs"] = {{"content", Json::array({{{"token", "!"}}})}};
    text += event(with_list);
  }
  text +=
      event(chunk({{"content", "?"}}, nullptr, 1)) + event(chunk({{"content", "?!"}}, "stop", 1));
  text += event(chunk(Json::object(), "stop")) + kDone;
  const Json body = whole(text, text.size());
  CHECK(body["choices"][0]["message"]["reasoning_content"] == expected + expected);
  CHECK(body["choices"][0]["message"]["content"] == expected + "!!!");
  CHECK(body["choices"][0]["logprobs"]["content"].size() == 3);
  CHECK(body["choices"][1]["message"]["content"] ==
        "?"
        "?!");
}

TEST_CASE("of equal names in one object the last one counts, at every level and in every piece") {
  const auto event_with = [](const std::string& members) { return "data: {" + members + "}\n\n"; };
  const auto choice_with = [&](const std::string& members) {
    return event_with(R"("id":"c-1","choices":[{)" + members + "}]");
  };
  const auto content_of = [](const std::string& events) {
    return whole(events + kDone, 1 << 20)["choices"][0]["message"].value("content", "none");
  };
  const std::string twice = choice_with(R"("index":0,"delta":{"content":"a","content":"b"})");
  CHECK(content_of(twice) == "b");
  CHECK(content_of(twice + twice) == "bb");
  // Also where the last one is empty, or nothing, and another would be taken for the event's piece.
  const std::string emptied = choice_with(R"("index":0,"delta":{"content":"a","content":""})");
  CHECK(content_of(emptied + emptied).empty());
  const std::string nulled = choice_with(R"("index":0,"delta":{"content":"a","content":null})");
  CHECK(content_of(twice + nulled + nulled) == "b");
  const std::string deltas = choice_with(
      R"("index":0,"delta":{"content":"a"},"delta":{"content":"b"},"finish_reason":"stop")");
  CHECK(content_of(deltas + deltas) == "bb");
  const std::string index = choice_with(R"("index":1,"index":0,"delta":{"content":"a"})");
  CHECK(whole(index + index + kDone, 1 << 20)["choices"].size() == 1);
  CHECK(content_of(index + index) == "aa");
  const std::string choices = event_with(
      R"("choices":[{"index":0,"delta":{"content":"a"}}],"choices":[{"index":0,"delta":{"content":"b"}}])");
  CHECK(content_of(choices + choices) == "bb");
  const std::string logprobs = choice_with(
      R"("index":0,"delta":{},"logprobs":{"content":[1],"content":[2]},"logprobs":{"content":[3,4],"content":[5]})");
  CHECK(whole(logprobs + kDone, 1 << 20)["choices"][0]["logprobs"] ==
        Json{{"content", Json::array({5})}});
  CHECK(whole(event_with(R"("error":null,"choices":[],"error":{"message":"overloaded"})"),
              1 << 20) == Json{{"choices", Json::array()}, {"error", {{"message", "overloaded"}}}});
  CHECK(content_of(event_with(R"("error":{"message":"no"},"error":null)") + twice) == "b");
}

TEST_CASE("half of a pair of surrogates is no text, in a first piece and in a later one") {
  const auto piece = [](const std::string& content) {
    return R"({"choices":[{"index":0,"delta":{"content":")" + content + R"("}}]})";
  };
  const auto events = [](const std::string& data) { return "data: " + data + "\n\n"; };
  for (const std::string half : {R"(\udce2)", R"(\udc00)", R"(\udfff and more)", R"(\ud83d)",
                                 R"(\ud83d\u0041)", R"(\udce2\ud83d)"}) {
    INFO(half);
    const std::string expected = "an event that is no JSON object: " + piece(half);
    CHECK(error_of(events(piece(half)) + kDone) == expected);
    CHECK(error_of(events(piece("a")) + events(piece(half)) + kDone) == expected);
  }
  const Json body = whole(events(piece("a")) + events(piece(R"(\ud83d\ude00)")) + kDone, 1 << 20);
  CHECK(body["choices"][0]["message"]["content"] == "a\xf0\x9f\x98\x80");
}
