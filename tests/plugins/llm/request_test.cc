// What goes out: URLs, bodies, keys, limits; and how answers of endpoints are judged.
#include "catch.h"
#include "plugins/digest/sha256.h"
#include "plugins/llm/adaptive_limit.h"
#include "plugins/llm/endpoint_answer.h"
#include "plugins/llm/endpoint_url.h"
#include "plugins/llm/json_text.h"
#include "plugins/llm/rate_pacer.h"
#include "plugins/llm/reply_key.h"
#include "plugins/llm/wire_request.h"

using rare::ChatMessage;
using rare::ChatRequest;
using rare::Json;
using namespace rare::llm;

namespace {

ChatRequest request_of(const std::string& text) {
  std::vector<ChatMessage> messages;
  messages.emplace_back("user", text);
  return ChatRequest(std::move(messages));
}

std::string key_of(const ChatOptions& options, const ChatRequest& request,
                   const rare::ServiceClient& client = {"a", 1}) {
  const Json generation = merged_generation(options.generation, request.generation);
  return reply_key(logical_request(options, options.revision, request, generation, client));
}

rare::net::HttpResult refusal(int status, std::string body) {
  rare::net::HttpResult result;
  result.status = status;
  result.body = std::move(body);
  return result;
}

}  // namespace

TEST_CASE("a base URL is taken as people write it") {
  const auto full = [](const char* base) { return *chat_completions_url(base); };
  CHECK(full("http://h:1") == "http://h:1/v1/chat/completions");
  CHECK(full("http://h:1/") == "http://h:1/v1/chat/completions");
  CHECK(full("http://h:1/v1") == "http://h:1/v1/chat/completions");
  CHECK(full("https://h/api/v1/") == "https://h/api/v1/chat/completions");
  CHECK(full("https://h/api") == "https://h/api/v1/chat/completions");
  CHECK(full("https://h/v1beta/openai") == "https://h/v1beta/openai/chat/completions");
  CHECK(full("https://h/x/chat/completions") == "https://h/x/chat/completions");
  CHECK_FALSE(chat_completions_url("localhost:8000").ok());
  CHECK_FALSE(chat_completions_url("ftp://h").ok());
  CHECK_FALSE(chat_completions_url("http://").ok());
  CHECK(endpoint_name("https://user:secret@h:8/v1/chat/completions") == "https://h:8");
}

TEST_CASE("SHA-256 is the one of FIPS 180-4") {
  CHECK(rare::digest::sha256_hex("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a reply's key follows from what is asked, not from how or where") {
  ChatOptions options;
  options.model = "m";
  options.endpoints = {"http://127.0.0.1:1/v1/chat/completions"};
  const std::string key = key_of(options, request_of("hi"));

  ChatOptions elsewhere = options;
  elsewhere.endpoints = {"http://127.0.0.1:2/v1/chat/completions"};
  elsewhere.api_key = "other";
  elsewhere.headers = {"X-Org: 1"};
  elsewhere.timeout = std::chrono::milliseconds(1);
  elsewhere.max_in_flight = 1;
  elsewhere.max_retries = 0;
  elsewhere.structured = Structured::prompt;
  CHECK(key_of(elsewhere, request_of("hi")) == key);
  CHECK(key_of(options, request_of("hi"), {"b", 9}) == key);
  ChatRequest later = request_of("hi");
  later.ordinal = 99;
  CHECK(key_of(options, later) == key);

  std::vector<std::string> different = {key};
  ChatRequest changed = request_of("ho");
  different.push_back(key_of(options, changed));
  changed = request_of("hi");
  changed.attempt = 1;
  different.push_back(key_of(options, changed));
  changed.attempt = 0;
  changed.sample = 1;
  different.push_back(key_of(options, changed));
  changed.sample = 0;
  changed.schema = Json{{"type", "object"}};
  different.push_back(key_of(options, changed));
  changed.schema = nullptr;
  changed.generation = {{"temperature", 0.5}};
  different.push_back(key_of(options, changed));
  ChatOptions other = options;
  other.model = "n";
  different.push_back(key_of(other, request_of("hi")));
  other = options;
  other.revision = "2";
  different.push_back(key_of(other, request_of("hi")));
  other = options;
  other.samples = Samples::per_node;
  different.push_back(key_of(other, request_of("hi")));
  different.push_back(key_of(other, request_of("hi"), {"b", 1}));
  other.samples = Samples::per_record;
  different.push_back(key_of(other, later));
  std::sort(different.begin(), different.end());
  CHECK(std::unique(different.begin(), different.end()) == different.end());
}

TEST_CASE(
    "the canonical form of a request never changes, for it is what stored replies are found by") {
  ChatOptions options;
  options.model = "m";
  ChatRequest request;
  request.messages.emplace_back("system", "Be \"brief\".\n");
  request.messages.emplace_back("user", "caf\u00e9\t\x01 \xff");
  CHECK(logical_request(options, "", request, Json::object(), {"a", 1}) ==
        R"({"attempt":0,"generation":{},"messages":[{"content":"Be \"brief\".\n","role":"system"},)"
        "{\"content\":\"caf\u00e9\\t\\u0001 \ufffd\",\"role\":\"user\"}],"
        R"("model":"m","sample":0,"schema":null})");
  options.samples = Samples::per_record;
  request.messages.clear();
  request.schema = {{"type", "object"}, {"required", Json::array()}};
  request.ordinal = 17;
  request.attempt = 1;
  request.sample = 2;
  request.round = 3;
  CHECK(logical_request(options, "r", request, {{"top_p", 0.5}, {"seed", 7}}, {"a", 1}) ==
        R"({"attempt":1,"generation":{"seed":7,"top_p":0.5},"messages":[],"model":"m","node":"a",)"
        R"("record":17,"revision":"r","round":3,"sample":2,)"
        R"("schema":{"required":[],"type":"object"}})");
}

TEST_CASE("bytes that are no UTF-8 neither throw nor reach the wire") {
  const ChatRequest request = request_of("a\xff b");
  CHECK(wire_body("m", request, Json::object(), Structured::prompt).find('\xff') ==
        std::string::npos);
  CHECK_FALSE(key_of(ChatOptions(), request).empty());
}

TEST_CASE("the request's sampling goes over the service's, extra_body to the top") {
  const Json merged =
      merged_generation({{"temperature", 1}, {"top_p", 0.5}, {"extra_body", {{"a", 1}, {"b", 1}}}},
                        {{"temperature", 0}, {"extra_body", {{"b", 2}}}});
  CHECK(merged["temperature"] == 0);
  const Json body = Json::parse(wire_body("m", request_of("hi"), merged, Structured::prompt));
  CHECK(body["top_p"] == 0.5);
  CHECK(body["a"] == 1);
  CHECK(body["b"] == 2);
  CHECK_FALSE(body.contains("extra_body"));
}

TEST_CASE("a schema travels in the form asked for") {
  ChatRequest request = request_of("hi");
  request.schema =
      Json::parse(R"({"type":"object","properties":{"q":{"type":"string"}},"required":["q"]})");
  Json body = Json::parse(wire_body("m", request, Json::object(), Structured::json_schema));
  CHECK(body["response_format"]["json_schema"]["schema"] == request.schema);
  CHECK_FALSE(body["response_format"]["json_schema"].contains("strict"));
  CHECK(body["messages"][0]["content"] == "hi");
  request.schema["additionalProperties"] = false;
  body = Json::parse(wire_body("m", request, Json::object(), Structured::json_schema));
  CHECK(body["response_format"]["json_schema"]["strict"] == true);
  body = Json::parse(wire_body("m", request, Json::object(), Structured::json_object));
  CHECK(body["response_format"]["type"] == "json_object");
  CHECK_THAT(body["messages"][0]["content"].get<std::string>(),
             Catch::Matchers::Contains("JSON Schema"));
  body = Json::parse(wire_body("m", request, Json::object(), Structured::prompt));
  CHECK_FALSE(body.contains("response_format"));
}

TEST_CASE("Retry-After is read as seconds, milliseconds and date") {
  const auto wait = [](const char* name, const char* value) {
    rare::net::HttpResult result = refusal(429, "");
    result.headers.emplace_back(name, value);
    return retry_after(result, 784111767)->count();  // ten seconds before the date below
  };
  CHECK(wait("retry-after", "3") == 3000);
  CHECK(wait("retry-after", "0.5") == 500);
  CHECK(wait("retry-after-ms", "250") == 250);
  CHECK(wait("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT") == 10000);
  CHECK(wait("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT") == 0);
  CHECK(wait("retry-after", "999999") == 3600'000);
  CHECK_FALSE(retry_after(refusal(429, ""), 0).has_value());
}

TEST_CASE("a Retry-After date counts from the endpoint's own time, whatever ours is") {
  rare::net::HttpResult result = refusal(429, "");
  result.headers.emplace_back("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
  result.headers.emplace_back("date", "Sun, 06 Nov 1994 08:49:35 GMT");
  for (const std::time_t now : {784111777 - 18000, 784111777, 784111777 + 18000}) {
    CHECK(retry_after(result, now)->count() == 2000);
  }
  result.headers.back().second = "yesterday, or so";
  CHECK(retry_after(result, 784111777 - 5)->count() == 5000);
}

TEST_CASE("each answer of an endpoint has its verdict") {
  CallFacts facts{"teacher", "http://h", "m"};
  const auto verdict = [&facts](int status, const char* body = "") {
    return judge(refusal(status, body), facts, 0).verdict;
  };
  for (const int passing : {408, 409, 425, 429, 500, 502, 503, 504, 529}) {
    CHECK(verdict(passing) == Verdict::retry);
  }
  CHECK(verdict(200) == Verdict::accept);
  for (const int fault : {401, 402, 403, 404, 301}) CHECK(verdict(fault) == Verdict::run_fault);
  CHECK(verdict(429, R"({"error":{"code":"insufficient_quota"}})") == Verdict::run_fault);
  CHECK(verdict(400, R"({"error":{"message":"The model `m` does not exist"}})") ==
        Verdict::run_fault);
  CHECK(verdict(400, "too long") == Verdict::record_fault);
  CHECK(verdict(413) == Verdict::record_fault);
  facts.ever_answered = true;
  CHECK(verdict(404) == Verdict::record_fault);
  CHECK(verdict(404, R"({"error":{"message":"model \"m\" not found"}})") == Verdict::run_fault);
  facts.sent_format = true;
  CHECK(verdict(400, "bad") == Verdict::refuse_format);
  CHECK_FALSE(judge(refusal(400, "bad"), facts, 0).names_format);
  CHECK(judge(refusal(400, "response_format unknown"), facts, 0).names_format);
}

TEST_CASE("the limit falls under congestion, not for throttled calls here and there") {
  const auto feed = [](AdaptiveLimit& limit, int calls, int throttled_of_100) {
    for (int i = 0; i < calls; ++i) limit.answered((i * 37) % 100 < throttled_of_100);
  };
  AdaptiveLimit sporadic(64);
  feed(sporadic, 10'000, 10);
  CHECK(sporadic.current() == 64);
  AdaptiveLimit once(64);
  for (int i = 0; i < 64; ++i) once.answered(true);
  CHECK(once.current() == 48);
  AdaptiveLimit congested(64);
  feed(congested, 10'000, 80);
  CHECK(congested.current() == 4);
  feed(congested, 100'000, 0);
  CHECK(congested.current() == 64);
  // A capacity that returns is taken within a few windows, not one call a window.
  AdaptiveLimit large(1024);
  for (int i = 0; i < 100'000; ++i) large.answered(true);
  CHECK(large.current() == 64);
  int windows = 0;
  for (; large.current() < 1024; ++windows) {
    for (int i = large.current(); i > 0; --i) large.answered(false);
  }
  CHECK(windows <= 16);
  AdaptiveLimit one(1);
  feed(one, 1000, 100);
  CHECK(one.current() == 1);
}

TEST_CASE("JSON is written as nlohmann's serializer writes it") {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  std::vector<Json> values = {
      Json(),
      true,
      -7,
      0.1,
      1e300,
      std::uint64_t{18446744073709551615U},
      "",
      "plain",
      "line\nline",
      "\"quoted\" \\ path",
      "tab\t",
      "\x01",
      "\x7f",
      "caf\xc3\xa9",
      "\xff",
      "\xe4\xb8\xad\xe6\x96\x87\n",
      every_byte,
      Json::array(),
      Json::object(),
      Json::array({1, "two", Json::array({Json::object()})}),
      Json{{"b", 1}, {"a", {{"\xc3\xa4", "x"}, {"quote\"", Json()}}}, {"", Json::array({""})}}};
  for (int byte = 0; byte < 256; ++byte) {
    values.push_back("a" + std::string(1, static_cast<char>(byte)) + "z");
    // Where eight bytes are looked at together.
    for (std::size_t at = 0; at < 17; ++at) {
      std::string text = "!#[]^~ 0123456789";
      text[at] = static_cast<char>(byte);
      values.push_back(text);
    }
  }
  for (const Json& value : values) {
    CHECK(dump_json(value) == value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

TEST_CASE("a rate is spread evenly and corrected") {
  const RatePacer::Clock::time_point now = RatePacer::Clock::now();
  RatePacer pacer(60);
  CHECK(pacer.ready_at() <= now);
  pacer.spend(1, now);
  CHECK(pacer.ready_at() == now + std::chrono::seconds(1));
  pacer.spend(2, now);
  CHECK(pacer.ready_at() == now + std::chrono::seconds(3));
  pacer.correct(-1);
  CHECK(pacer.ready_at() == now + std::chrono::seconds(2));
  RatePacer unbounded(0);
  unbounded.spend(1e9, now);
  CHECK(unbounded.ready_at() <= now);
}
