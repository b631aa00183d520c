#include "plugins/llm/generate.h"

#include <mutex>
#include <utility>
#include <vector>

#include "catch.h"
#include "scripted_model.h"

using rare::ChatReply;
using rare::ChatRequest;
using rare::Fault;
using rare::Json;
using rare::Result;
using rare::Status;
using rare::StatusCode;
using namespace rare::testing::scripted;
using GenerateBench = Bench<rare::llm::Generate>;

namespace {

const Json kTopic = {{"topic", "tides"}, {"facts", {"the moon pulls", "the earth turns"}}};
const Json kPairSchema = {{"type", "object"},
                          {"properties",
                           {{"question", {{"type", "string"}}},
                            {"answer", {{"type", "string"}}},
                            {"hint", Json::object()}}},
                          {"required", {"question", "answer"}},
                          {"additionalProperties", false}};
const Json kPair = {{"question", "Why twice a day?"}, {"answer", "The earth turns."}};

// Answers nobody before it was asked `together` times; then the last one asked first.
class GatheringModel final : public rare::LanguageModel {
 public:
  GatheringModel(rare::Resumer& resumer, std::size_t together)
      : resumer_(resumer), together_(together) {}
  rare::Awaitable<Result<ChatReply>> chat(ChatRequest request) override {
    auto pair = rare::make_completion<Result<ChatReply>>(resumer_);
    std::vector<Open> ready;
    {
      const std::lock_guard lock(mutex_);
      open_.emplace_back(pair.completion, request.sample);
      if (open_.size() == together_) ready.swap(open_);
    }
    for (auto at = ready.rbegin(); at != ready.rend(); ++at) {
      at->first.set(text_reply("answer " + std::to_string(at->second)));
    }
    return std::move(pair.awaitable);
  }

 private:
  using Open = std::pair<rare::Completion<Result<ChatReply>>, int>;
  rare::Resumer& resumer_;
  std::size_t together_;
  std::mutex mutex_;
  std::vector<Open> open_;
};

std::string refusal_of(Json values) {
  GenerateBench bench({text_reply("x")}, std::move(values));
  CHECK(bench.opened.fault() == Fault::run);
  CHECK(bench.opened.code() == StatusCode::invalid_argument);
  return bench.opened.message();
}

}  // namespace

TEST_CASE("llm.generate puts the answer to a prompt into the record") {
  GenerateBench bench({text_reply(" High water comes twice. \n", "The moon ...")},
                      {{"system", "You explain {{topic}}."},
                       {"prompt", "Explain {{topic}}:\n{{#facts}}\n- {{.}}\n{{/facts}}"},
                       {"generation", {{"temperature", 0.2}}},
                       {"output_thinking_key", "thinking"}});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kTopic, 4);
  REQUIRE(outcome.status.ok());
  Json expected = kTopic;
  expected["answer"] = "High water comes twice.";
  expected["thinking"] = "The moon ...";
  CHECK(outcome.records.at(0).fields() == expected);
  const auto request = bench.model.requests().at(0);
  REQUIRE(request.messages.size() == 2);
  CHECK(request.messages[0].role == "system");
  CHECK(request.messages[0].content == "You explain tides.");
  CHECK(request.messages[1].role == "user");
  CHECK(request.messages[1].content == "Explain tides:\n- the moon pulls\n- the earth turns\n");
  CHECK(request.generation == Json({{"temperature", 0.2}}));
  CHECK(request.schema.is_null());
  CHECK(request.ordinal == 4);
}

TEST_CASE("llm.generate sends several turns, and the note on a refusal before the last one") {
  const Json messages = {{{"role", "system"}, {"content", "Be brief."}},
                         {{"role", "user"}, {"content", "What moves the sea?"}},
                         {{"role", "assistant"}, {"content", "The {{topic}}."}},
                         {{"role", "user"}, {"content", "Why?"}}};
  GenerateBench bench({faulty_reply("", "the answer is empty"), text_reply("The moon.")},
                      {{"messages", messages}, {"output_key", "why"}});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kTopic);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).fields()["why"] == "The moon.");
  const auto requests = bench.model.requests();
  REQUIRE(requests.size() == 2);
  REQUIRE(requests[1].messages.size() == 4);
  CHECK(requests[0].messages[2].role == "assistant");
  CHECK(requests[0].messages[2].content == "The tides.");
  CHECK(requests[1].messages[1].content == "What moves the sea?");
  CHECK(requests[1].messages[3].content ==
        "Note: an earlier reply was refused, because the answer is empty. Do better this "
        "time.\n\nWhy?");
}

TEST_CASE("the properties of llm.generate's schema become fields") {
  GenerateBench bench({json_reply(kPair)}, {{"prompt", "{{topic}}"}, {"schema", kPairSchema}});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kTopic);
  REQUIRE(outcome.status.ok());
  Json expected = kTopic;
  expected.update(kPair);
  CHECK(outcome.records.at(0).fields() == expected);
  CHECK(bench.model.requests().at(0).schema == kPairSchema);

  GenerateBench whole({json_reply(kPair)},
                      {{"prompt", "{{topic}}"}, {"schema", kPairSchema}, {"output_key", "pair"}});
  auto kept = whole.run(kTopic);
  REQUIRE(kept.status.ok());
  expected["pair"] = kPair;
  CHECK(kept.records.at(0).fields() == expected);
}

TEST_CASE("llm.generate asks for all answers before it waits for one, and gives them in order") {
  rare::testing::TestContext context("node");
  GatheringModel model(context.resumer(), 3);
  auto op = rare::testing::make<rare::llm::Generate>(
      {{"llm", "teacher"}, {"prompt", "{{topic}}"}, {"n", 3}},
      [&](const std::string&, std::string_view) -> void* {
        return static_cast<rare::LanguageModel*>(&model);
      });
  REQUIRE(op->open(context).ok());
  auto outcome = rare::testing::run(*op, rare::Record(kTopic));
  REQUIRE(outcome.status.ok());
  REQUIRE(outcome.records.size() == 1);
  CHECK(outcome.records[0].fields()["answer"] == Json({"answer 0", "answer 1", "answer 2"}));
}

TEST_CASE("each answer of llm.generate is a sample with a seed and attempts of its own") {
  GenerateBench bench(
      {text_reply("a"), faulty_reply("", "it is empty"), text_reply("c"), text_reply("b")},
      {{"prompt", "{{topic}}"}, {"n", 3}, {"generation", {{"seed", 10}}}});
  auto outcome = bench.run(kTopic);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).fields()["answer"] == Json({"a", "b", "c"}));
  const auto requests = bench.model.requests();
  REQUIRE(requests.size() == 4);
  std::vector<std::vector<int>> asked;
  for (const ChatRequest& request : requests) {
    asked.push_back({request.sample, request.attempt, request.generation["seed"].get<int>()});
  }
  CHECK(asked == std::vector<std::vector<int>>{{0, 0, 10}, {1, 0, 11}, {2, 0, 12}, {1, 1, 14}});
  CHECK(contains(bench.user_text(3), "refused, because it is empty"));
}

TEST_CASE("llm.generate makes a record of each answer when it is told to") {
  const Json other = {{"question", "Why the moon?"}, {"answer", "It is near."}, {"hint", 1}};
  GenerateBench bench(
      {json_reply(kPair), json_reply(other)},
      {{"prompt", "{{topic}}"}, {"schema", kPairSchema}, {"n", 2}, {"n_as", "records"}});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kTopic);
  REQUIRE(outcome.status.ok());
  REQUIRE(outcome.records.size() == 2);
  CHECK(outcome.records[0].fields()["question"] == "Why twice a day?");
  CHECK_FALSE(outcome.records[0].has("hint"));
  CHECK(outcome.records[1].fields()["question"] == "Why the moon?");
  CHECK(outcome.records[1].fields()["hint"] == 1);
  CHECK(outcome.records[1].fields()["topic"] == "tides");
}

TEST_CASE("lists of llm.generate hold whole objects and thoughts, of a single answer, too") {
  GenerateBench bench({json_reply(kPair)}, {{"prompt", "{{topic}}"},
                                            {"schema", kPairSchema},
                                            {"output_key", "pairs"},
                                            {"output_thinking_key", "thoughts"},
                                            {"n", 2}});
  auto outcome = bench.run(kTopic);
  REQUIRE(outcome.status.ok());
  const Json& fields = outcome.records.at(0).fields();
  CHECK(fields["pairs"] == Json({kPair, kPair}));
  CHECK(fields["thoughts"] == Json({"", ""}));
  CHECK_FALSE(fields.contains("question"));

  GenerateBench single({text_reply("one")}, {{"prompt", "{{topic}}"}, {"n_as", "list"}});
  auto one = single.run(kTopic);
  REQUIRE(one.status.ok());
  CHECK(one.records.at(0).fields()["answer"] == Json::array({"one"}));
}

TEST_CASE("an answer of llm.generate that stays unusable costs the record, with its reply") {
  GenerateBench bench(
      {text_reply("good"), faulty_reply("half {", "there is no complete JSON object")},
      {{"prompt", "{{topic}}"}, {"n", 2}, {"max_attempts", 2}});
  auto outcome = bench.run(kTopic);
  CHECK(outcome.records.empty());
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(outcome.status.message() ==
        "node: no usable reply in 2 attempts for answer 2 of 2; the last one: there is no complete "
        "JSON object");
  CHECK(outcome.status.raw() == "half {");
  CHECK(outcome.status.attempts() == 2);
  CHECK(bench.model.requests().size() == 3);

  GenerateBench prose({text_reply("no object")},
                      {{"prompt", "{{topic}}"}, {"schema", kPairSchema}, {"max_attempts", 1}});
  CHECK(prose.run(kTopic).status.message() ==
        "node: no usable reply in 1 attempt; the last one: it holds no JSON object");
}

TEST_CASE("a fault of the run counts more for llm.generate than an answer that is unusable") {
  GenerateBench bench(
      {faulty_reply("", "it is empty"),
       Result<ChatReply>(Status::run_fault(StatusCode::permission_denied, "no key"))},
      {{"prompt", "{{topic}}"}, {"n", 2}, {"max_attempts", 1}});
  auto outcome = bench.run(kTopic);
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(outcome.status.message() == "no key");
}

TEST_CASE("llm.generate's fields must be free, or may be replaced") {
  Json fields = kTopic;
  fields["hint"] = "old";
  const Json values = {{"prompt", "{{topic}}"}, {"schema", kPairSchema}};
  GenerateBench bench({json_reply(kPair)}, values);
  auto outcome = bench.run(fields, 3);
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(outcome.status.message() ==
        "node: record 3 already has the field \"hint\"; name another one in schema, or set "
        "overwrite: true to replace it");
  CHECK(bench.model.requests().empty());

  Json replacing = values;
  replacing["overwrite"] = true;
  GenerateBench allowed({json_reply(kPair)}, replacing);
  auto replaced = allowed.run(fields);
  REQUIRE(replaced.status.ok());
  CHECK_FALSE(replaced.records.at(0).has("hint"));
}

TEST_CASE("a record that lacks a field of llm.generate's prompt costs itself and asks nothing") {
  GenerateBench bench({text_reply("x")}, {{"prompt", "{{title}}"}});
  auto outcome = bench.run(kTopic);
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(outcome.status.message() ==
        "node: prompt asks for {{title}}, but the record has no field \"title\"");
  CHECK(bench.model.requests().empty());
}

TEST_CASE("llm.generate refuses prompts that cannot work before the first record") {
  const auto turn = [](const char* role, const char* content) {
    return Json{{"role", role}, {"content", content}};
  };
  const auto turns = [](Json list) { return Json{{"messages", std::move(list)}}; };
  CHECK(refusal_of(Json::object()) ==
        "node: expected prompt (a single question) or messages (several turns), got neither");
  CHECK(contains(refusal_of({{"prompt", "p"}, {"messages", Json::array({turn("user", "u")})}}),
                 "node: prompt and messages are both given; expected one of them"));
  CHECK(refusal_of({{"prompt", " "}}) == "node: prompt is empty");
  CHECK(refusal_of({{"prompt", "{{a"}}) ==
        "node: prompt, line 1, column 1: {{ is never closed by }}");
  CHECK(refusal_of({{"prompt", "p"}, {"system", "{{#a}}"}}) ==
        "node: system, line 1, column 1: {{#a}} has no {{/a}}");
  CHECK(refusal_of(turns("text")) ==
        "node: messages must be a list of turns such as {role: user, content: ...}, not string");
  CHECK(contains(refusal_of(turns(Json::array())), "not an empty one"));
  CHECK(refusal_of(turns({turn("user", "u"), turn("robot", "r")})) ==
        "node: messages, item 2 has the role \"robot\"; expected system, user or assistant");
  CHECK(refusal_of(turns({turn("user", "u"), turn("assistant", "a")})) ==
        "node: messages must end with a turn of the role user, which is answered, not assistant");
  CHECK(contains(refusal_of(turns({turn("user", "u"), turn("system", "s")})),
                 "node: messages, item 2 is a second system message or comes after another turn"));
  CHECK(refusal_of(turns(Json::array({"text"}))) ==
        "node: messages, item 1 must be a map of role and content, not string");
  CHECK(refusal_of(turns({{{"role", "user"}, {"contents", "u"}}})) ==
        "node: messages, item 1 has the key \"contents\"; expected role and content");
  CHECK(refusal_of(turns({{{"role", "user"}, {"content", 5}}})) ==
        "node: messages, item 1: content must be text, not number");
  CHECK(refusal_of(turns({{{"role", "user"}}})) == "node: messages, item 1 has no content");
  CHECK(refusal_of(turns(Json::array({turn("user", "{{}}")}))) ==
        "node: messages, item 1, line 1, column 1: \"{{}}\" is no {{name}}; write {{\"{{\"}} for "
        "plain braces");
}

TEST_CASE("llm.generate refuses answers that cannot work before the first record") {
  const auto with = [](Json schema) {
    return Json{{"prompt", "p"}, {"schema", std::move(schema)}};
  };
  CHECK(contains(refusal_of(with(5)), "node: schema must be a JSON Schema such as"));
  CHECK(contains(refusal_of(with({{"type", "array"}})),
                 "node: schema must be of type object, as its properties become fields, not "
                 "\"array\""));
  CHECK(refusal_of(with({{"type", "object"}})) ==
        "node: schema must name properties, which become fields of the record");
  CHECK(refusal_of(with({{"properties", {{"a", {{"type", "text"}}}}}})) ==
        "node: schema.a has the type \"text\"; expected object, array, string, integer, number, "
        "boolean or null");
  CHECK(refusal_of(with({{"properties", {{"a", Json::object()}}}, {"required", {"b"}}})) ==
        "node: schema requires \"b\", which is none of its properties: a");
  CHECK(contains(refusal_of(with({{"properties", {{"a", 5}}}})),
                 "node: schema: the schema of the answer is no JSON Schema ("));
  CHECK(contains(refusal_of({{"prompt", "p"}, {"schema", kPairSchema}, {"n", 2}}),
                 "node: a list of answers to a schema needs output_key"));
  CHECK(contains(refusal_of({{"prompt", "p"}, {"output_key", ""}}), "node: output_key is empty"));
  CHECK(refusal_of({{"prompt", "p"}, {"output_thinking_key", "answer"}}) ==
        "node: output_key and output_thinking_key both write the field \"answer\"; give one of "
        "them another name");
  CHECK(refusal_of({{"prompt", "p"}, {"schema", kPairSchema}, {"output_key", "hint"}}) ==
        "node: output_key and schema both write the field \"hint\"; give one of them another name");
  CHECK(contains(refusal_of({{"prompt", "p"}, {"generation", {{"top", 1}}}}),
                 "node: generation has no key \"top\""));
}

TEST_CASE("a run that keeps provenance learns all replies of llm.generate") {
  ChatReply first = text_reply("a"), second = text_reply("b");
  first.key = "key-a";
  second.key = "key-b";
  first.model = second.model = "some-model";
  const Json values = {{"prompt", "{{topic}}"}, {"n", 2}};
  GenerateBench list({first, second}, values);
  list.context.provenance = true;
  const Json whole = list.run(kTopic).records.at(0).fields()["_rare"];
  CHECK(whole["replies"] == Json({"key-a", "key-b"}));
  CHECK(whole["models"] == Json{{"node", "some-model"}});
  CHECK(whole["prompts"]["node"].get<std::string>().size() == 64);

  Json apart = values;
  apart["n_as"] = "records";
  GenerateBench records({first, second}, apart);
  records.context.provenance = true;
  const auto outcome = records.run(kTopic);
  CHECK(outcome.records.at(0).fields()["_rare"]["replies"] == Json::array({"key-a"}));
  CHECK(outcome.records.at(1).fields()["_rare"]["replies"] == Json::array({"key-b"}));
}
