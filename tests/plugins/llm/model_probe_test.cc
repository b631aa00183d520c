// What a probe says about endpoints that work and about those that do not.
#include "plugins/llm/model_probe.h"

#include <algorithm>
#include <future>

#include "catch.h"
#include "chat_fixture.h"
#include "plugins/llm/endpoint_url.h"
#include "plugins/llm/loopback_port.h"
#include "plugins/llm/openai_service.h"
#include "plugins/llm/secret_mask.h"

namespace rare::llm {
namespace {

using Catch::Matchers::Contains;
using testing::HttpResponse;

// Far beyond what loopback takes: it only keeps a hang from lasting.
constexpr std::chrono::milliseconds kLong{60'000};
constexpr char kReady[] = R"({"ready": true})";

EndpointReport probe_one(ChatOptions options, std::chrono::milliseconds timeout = kLong) {
  ServiceProbe probe(std::move(options));
  const Result<ModelReport> report = probe.probe(timeout);
  REQUIRE(report.ok());
  REQUIRE(report->endpoints.size() == 1);
  return report->endpoints.front();
}

HttpResponse error_of(int status, const std::string& message) {
  return http(status, Json{{"error", {{"message", message}}}}.dump());
}

std::string form_asked(const std::string& body) {
  const Json json = Json::parse(body);
  return json.value("/response_format/type"_json_pointer, std::string("prompt"));
}

bool asks_for_structure(const std::string& body) {
  return body.find("JSON object") != std::string::npos;
}

// Refuses the named forms, and answers properly.
ScriptedEndpoint::Script refusing(std::vector<std::string> forms) {
  return [forms](int, const std::string& body) {
    if (!asks_for_structure(body)) return answer("ready");
    const std::string form = form_asked(body);
    const bool refused = std::find(forms.begin(), forms.end(), form) != forms.end();
    return refused ? error_of(400, "response_format " + form + " is not supported")
                   : answer(kReady);
  };
}

TEST_CASE("an endpoint that works: two tiny requests, as a run would send them") {
  ScriptedEndpoint endpoint([](int call, const std::string&) {
    HttpResponse response = answer(call == 0 ? "ready" : kReady);
    response.headers = {{"X-RateLimit-Limit-Requests", "500"}, {"X-Other", "1"}};
    return response;
  });
  ChatOptions options = options_for(endpoint.url());
  options.api_key = "sk-secret-key";
  options.generation = {{"temperature", 0.5},
                        {"max_tokens", 4096},
                        {"stop", {"\n\n"}},
                        {"extra_body", {{"top_k", 3}}}};
  const EndpointReport report = probe_one(options);
  CHECK(report.outcome == ProbeOutcome::works);
  CHECK(report.problem == "");
  CHECK(report.endpoint == endpoint_name(endpoint.url()));
  CHECK(report.reachable == true);
  CHECK(report.key_sent);
  CHECK(report.key_accepted == true);
  CHECK(report.model_known == true);
  CHECK(report.answer_usable == true);
  CHECK(report.model == "m-1");
  CHECK(report.latency_s.value_or(-1) >= 0);
  CHECK(report.prompt_tokens == 14);
  CHECK(report.completion_tokens == 6);
  CHECK(report.structured == "json_schema");
  CHECK(report.structured_note == "");
  REQUIRE(report.limits.size() == 1);
  CHECK(report.limits[0] ==
        std::pair<std::string, std::string>("x-ratelimit-limit-requests", "500"));
  REQUIRE(endpoint.calls() == 2);
  CHECK(endpoint.authorizations()[0] == "Bearer sk-secret-key");
  const Json body = Json::parse(endpoint.bodies()[0]);
  CHECK(body["model"] == "m-1");
  CHECK(body["temperature"] == 0.5);
  CHECK(body["top_k"] == 3);
  CHECK(body["max_tokens"] <= 16);
  CHECK_FALSE(body.contains("stop"));
  CHECK(Json::parse(endpoint.bodies()[1])["max_tokens"] <= 64);
}

TEST_CASE("the token limit goes by the name that the endpoint knows") {
  ScriptedEndpoint endpoint(refusing({}));
  ChatOptions options = options_for(endpoint.url());
  options.generation = {{"extra_body", {{"max_completion_tokens", 9000}}}};
  CHECK(probe_one(options).outcome == ProbeOutcome::works);
  const Json body = Json::parse(endpoint.bodies()[0]);
  CHECK(body["max_completion_tokens"] <= 16);
  CHECK_FALSE(body.contains("max_tokens"));
}

TEST_CASE("structured output: the form in which a schema is taken") {
  struct Case {
    std::vector<std::string> refused;
    const char* form;
  };
  for (const Case& one : {Case{{}, "json_schema"}, Case{{"json_schema"}, "json_object"},
                          Case{{"json_schema", "json_object"}, "prompt"}}) {
    INFO(one.form);
    ScriptedEndpoint endpoint(refusing(one.refused));
    const EndpointReport report = probe_one(options_for(endpoint.url()));
    CHECK(report.outcome == ProbeOutcome::works);
    CHECK(report.structured == one.form);
    for (const std::string& form : one.refused) {
      CHECK_THAT(report.structured_note, Contains(form + " is refused"));
    }
  }
}

TEST_CASE("a form that the service insists on and the endpoint refuses is to be mended") {
  ScriptedEndpoint endpoint(refusing({"json_object"}));
  ChatOptions options = options_for(endpoint.url());
  options.structured = Structured::json_object;
  const EndpointReport report = probe_one(options);
  CHECK(report.outcome == ProbeOutcome::mend);
  CHECK(report.structured == "");
  CHECK(report.answer_usable == true);
  CHECK_THAT(report.problem, Contains("`structured: json_object`") &&
                                 Contains("is not supported") &&
                                 Contains("Set `structured: auto`"));
}

TEST_CASE("a structured answer that does not satisfy its schema, or is cut, is noted") {
  ScriptedEndpoint prose([](int, const std::string&) { return answer("well, ready"); });
  const EndpointReport report = probe_one(options_for(prose.url()));
  CHECK(report.outcome == ProbeOutcome::works);
  CHECK(report.structured == "json_schema");
  CHECK_THAT(report.structured_note, Contains("no complete JSON object"));

  // A model that thinks for longer than it may answer.
  ScriptedEndpoint thinker(
      [](int, const std::string&) { return http(200, completion_json("<think>hm", "length")); });
  const EndpointReport cut = probe_one(options_for(thinker.url()));
  CHECK(cut.outcome == ProbeOutcome::works);
  CHECK(cut.answer_usable == true);
  CHECK_THAT(cut.structured_note, Contains("cut at 64 tokens"));
}

TEST_CASE("a refused key, with a way out and without the key") {
  ScriptedEndpoint endpoint([](int, const std::string&) {
    return error_of(401, "Incorrect API key provided: sk-very-secret-key");
  });
  ChatOptions options = options_for(endpoint.url());
  options.api_key = "sk-very-secret-key";
  const EndpointReport report = probe_one(options);
  CHECK(report.outcome == ProbeOutcome::mend);
  CHECK(report.reachable == true);
  CHECK(report.key_accepted == false);
  CHECK_FALSE(report.model_known.has_value());
  CHECK_FALSE(report.answer_usable.has_value());
  CHECK_THAT(report.problem,
             Contains("refused the API key: status 401") && Contains("provided: ***") &&
                 Contains("Set the service's `api_key`") && !Contains("sk-very-secret-key"));
  CHECK(endpoint.calls() == 1);
}

TEST_CASE("an unknown model: what the endpoint lists, where it does") {
  const bool lists = GENERATE(true, false);
  ScriptedEndpoint endpoint([lists](int, const std::string& body) {
    if (!body.empty()) return error_of(404, "The model `m-1` does not exist");
    return lists ? http(200, R"({"data": [{"id": "m-2"}, {"id": "other"}, {"no": 1}]})")
                 : error_of(404, "no such path");
  });
  const EndpointReport report = probe_one(options_for(endpoint.url()));
  CHECK(report.outcome == ProbeOutcome::mend);
  CHECK(report.key_accepted == true);
  CHECK(report.model_known == false);
  CHECK_THAT(report.problem, Contains("does not know the model \"m-1\""));
  CHECK(report.models ==
        (lists ? std::vector<std::string>{"m-2", "other"} : std::vector<std::string>()));
}

TEST_CASE("a path without a chat endpoint is no unknown model") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return error_of(404, "no such path"); });
  const EndpointReport report = probe_one(options_for(endpoint.url()));
  CHECK(report.outcome == ProbeOutcome::mend);
  CHECK(report.reachable == true);
  CHECK_FALSE(report.model_known.has_value());
  CHECK_THAT(report.problem, Contains("no chat endpoint at this path") && Contains("`base_url`"));
  CHECK(endpoint.calls() == 1);
}

TEST_CASE("what may pass is told apart from what must be mended") {
  struct Case {
    int status;
    const char* body;
    ProbeOutcome outcome;
    const char* words;
  };
  const Case cases[] = {
      {429, "slow down", ProbeOutcome::try_later, "It says to try again in 7 s"},
      {500, "oops", ProbeOutcome::try_later, "status 500 (oops). It says"},
      {402, "pay", ProbeOutcome::try_later, "quota is used up"},
      {400, "Unsupported parameter: max_tokens", ProbeOutcome::mend, "`generation`"},
      {200, "<html>", ProbeOutcome::mend, "`base_url` is that of a chat endpoint"},
  };
  for (const Case& one : cases) {
    INFO(one.status);
    ScriptedEndpoint endpoint([&](int, const std::string&) {
      HttpResponse response = http(one.status, one.body);
      response.headers = {{"Retry-After", "7"}};
      return response;
    });
    const EndpointReport report = probe_one(options_for(endpoint.url()));
    CHECK(report.outcome == one.outcome);
    CHECK(report.reachable == true);
    CHECK_THAT(report.problem, Contains(one.words));
  }
}

TEST_CASE("an empty answer is not usable") {
  ScriptedEndpoint endpoint([](int, const std::string&) { return answer(""); });
  const EndpointReport report = probe_one(options_for(endpoint.url()));
  CHECK(report.outcome == ProbeOutcome::mend);
  CHECK(report.answer_usable == false);
  CHECK_THAT(report.problem, Contains("is empty (finish_reason: stop)"));
}

TEST_CASE("of two endpoints each is asked, and one that is dead hides nothing of the other") {
  ScriptedEndpoint endpoint(refusing({}));
  ChatOptions options = options_for("http://127.0.0.1:" + std::to_string(free_loopback_port()) +
                                    "/v1/chat/completions");
  options.endpoints.push_back(endpoint.url());
  ServiceProbe probe(options);
  const Result<ModelReport> report = probe.probe(kLong);
  REQUIRE(report.ok());
  REQUIRE(report->endpoints.size() == 2);
  const EndpointReport& dead = report->endpoints[0];
  CHECK(dead.outcome == ProbeOutcome::try_later);
  CHECK(dead.reachable == false);
  CHECK_FALSE(dead.key_accepted.has_value());
  CHECK_THAT(dead.problem, Contains("nothing answers at " + dead.endpoint) &&
                               Contains("Start the server there, or correct `base_url`"));
  CHECK(report->endpoints[1].outcome == ProbeOutcome::works);
}

TEST_CASE("a silent endpoint costs the time that it is given, and no more") {
  HoldingEndpoint endpoint;
  const EndpointReport report =
      probe_one(options_for(endpoint.url()), std::chrono::milliseconds(100));
  CHECK(report.outcome == ProbeOutcome::try_later);
  CHECK_FALSE(report.latency_s.has_value());
  CHECK_THAT(report.problem, Contains("give it more time"));
}

TEST_CASE("a probe that is cancelled ends at once, and so does one begun later") {
  HoldingEndpoint endpoint;
  ServiceProbe probe(options_for(endpoint.url()));
  auto report = std::async(std::launch::async, [&] { return probe.probe(kLong * 60); });
  endpoint.wait_for_calls(1);
  probe.cancel();
  CHECK(report.get()->endpoints.at(0).outcome == ProbeOutcome::cancelled);
  CHECK(probe.probe(kLong)->endpoints.at(0).outcome == ProbeOutcome::cancelled);
  CHECK(endpoint.calls() == 1);
}

TEST_CASE("a probe that throws leaves nothing behind that a later cancel would use") {
  ScriptedEndpoint endpoint(refusing({}));
  ChatOptions options = options_for(endpoint.url());
  options.generation = {{"extra_body", 3}};
  ServiceProbe probe(options);
  CHECK_THROWS(probe.probe(kLong));
  probe.cancel();
  CHECK(endpoint.calls() == 0);
}

TEST_CASE("an endpoint of ours is started first, or says why it is not there") {
  ChatOptions options = options_for("");
  options.managed = true;
  ScriptedEndpoint endpoint(refusing({}));
  ServiceProbe probe(options);
  int needed = 0;
  probe.on_endpoint_needed([&] {
    ++needed;
    probe.endpoint_up(endpoint.url(), "its-own-key", "its-own-model");
  });
  const Result<ModelReport> report = probe.probe(kLong);
  REQUIRE(report.ok());
  CHECK(needed == 1);
  CHECK(report->endpoints.at(0).outcome == ProbeOutcome::works);
  CHECK(endpoint.authorizations()[0] == "Bearer its-own-key");
  CHECK(report->model == "its-own-model");

  ServiceProbe broken(options);
  broken.endpoint_failed(Status::run_fault(StatusCode::unavailable, "does not start"));
  CHECK(broken.probe(kLong).status().message() == "does not start");

  ServiceProbe cancelled(options);
  cancelled.cancel();
  CHECK(cancelled.probe(kLong).status().code() == StatusCode::cancelled);
}

TEST_CASE("a service offers its probe once it is open; the store hears nothing of it") {
  ScriptedEndpoint endpoint(refusing({}));
  HeldStore store;
  StoreContext context(store);
  auto service = testing::make<OpenAiService>({{"base_url", {endpoint.url()}}, {"model", "m-1"}});
  CHECK(service->connect(ModelProbe::kInterface, {"check", 0}) == nullptr);
  REQUIRE(service->open(context).ok());
  auto* probe = static_cast<ModelProbe*>(service->connect(ModelProbe::kInterface, {"check", 0}));
  REQUIRE(probe != nullptr);
  const Result<ModelReport> report = probe->probe(kLong);
  REQUIRE(report.ok());
  CHECK(report->model == "m-1");
  CHECK(report->endpoints.at(0).outcome == ProbeOutcome::works);
  CHECK(store.keys.empty());
  CHECK(store.stored.empty());
  CHECK(store.everything_told().empty());
  CHECK(service->usage()["calls"] == 0);
}

TEST_CASE("secrets are masked as they stand and as they travel, short texts are not") {
  ChatOptions options;
  options.api_key = "sk-1234567";
  options.headers = {"X-Key: header-secret", "Authorization: Basic abcdefgh", "X-Short: none"};
  options.endpoints = {"https://user:pass%40word@example.com/v1/chat/completions"};
  const SecretMask mask(options);
  const std::string said = mask.hidden(
      "sk-1234567 header-secret 'Basic abcdefgh' abcdefgh user:pass%40word "
      "pass@word dXNlcjpwYXNzQHdvcmQ= none example.com sk-1234567");
  CHECK(said == "*** *** '***' *** *** *** *** none example.com ***");

  options.api_key = "a/b\"c/d";
  CHECK(SecretMask(options).hidden(R"(a/b"c/d a/b\"c/d a\/b\"c\/d)") == "*** *** ***");
}

}  // namespace
}  // namespace rare::llm
