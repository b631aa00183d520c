// What comes back from endpoints, as ugly as it comes.
#include "catch.h"
#include "plugins/llm/completion_body.h"
#include "plugins/llm/structured_answer.h"

using rare::Json;
using namespace rare::llm;

namespace {

const Json kSchema = Json::parse(R"({
  "type": "object",
  "properties": {"question": {"type": "string", "minLength": 1}, "scenario": {"type": "string"}},
  "required": ["question", "scenario"], "additionalProperties": false})");

struct Case {
  const char* name;
  const char* text;
  const char* question;  // of the answer that must be found; nullptr: there is none
  const char* problem;   // part of the problem otherwise
};

const Case kCases[] = {
    {"plain", R"({"question":"Q","scenario":"S"})", "Q", ""},
    {"white space around", "\n\n  {\"question\":\"Q\",\"scenario\":\"S\"}\n\t", "Q", ""},
    {"fenced", "```json\n{\"question\":\"Q\",\"scenario\":\"S\"}\n```", "Q", ""},
    {"fenced without language", "```\n{\"question\":\"Q\",\"scenario\":\"S\"}\n```", "Q", ""},
    {"fence never closed", "```json\n{\"question\":\"Q\",\"scenario\":\"S\"}\n", "Q", ""},
    {"in prose", "Sure! Here it is: {\"question\":\"Q\",\"scenario\":\"S\"} Hope it helps.", "Q",
     ""},
    {"draft, then answer",
     R"(Draft: {"question":"D","scenario":"S"} better: {"question":"Q","scenario":"S"})", "Q", ""},
    {"other JSON before", R"(The key [1] {"note": 1} {"question":"Q","scenario":"S"})", "Q", ""},
    {"other JSON after", R"({"question":"Q","scenario":"S"} as in [2] and {"note": 1})", "Q", ""},
    {"LaTeX before", R"(With \frac{a}{b} and x^{2}: {"question":"Q","scenario":"S"})", "Q", ""},
    {"LaTeX inside", R"({"question":"What is \alpha in $\sum_{i}$?","scenario":"S"})",
     "What is \\alpha in $\\sum_{i}$?", ""},
    {"braces in strings", R"({"question":"a } b { c ] d","scenario":"S"})", "a } b { c ] d", ""},
    {"escaped quotes", R"({"question":"he said \"}\"","scenario":"S"})", "he said \"}\"", ""},
    {"raw line break in a string", "{\"question\":\"one\ntwo\",\"scenario\":\"S\"}", "one\ntwo",
     ""},
    {"raw tab in a string", "{\"question\":\"one\ttwo\",\"scenario\":\"S\"}", "one\ttwo", ""},
    {"brace in prose that never closes", R"(set {x, then {"question":"Q","scenario":"S"})", "Q",
     ""},
    {"wrapped in a list", R"([{"question":"Q","scenario":"S"}])", nullptr, "schema"},
    {"unicode", R"({"question":"\u00bfQu\u00e9? \ud83d\ude00","scenario":"S"})", "¿Qué? 😀", ""},
    {"missing property", R"({"question":"Q"})", nullptr, "scenario"},
    {"wrong type", R"({"question":7,"scenario":"S"})", nullptr, "question"},
    {"further property", R"({"question":"Q","scenario":"S","id":1})", nullptr, "id"},
    {"empty string where one is needed", R"({"question":"","scenario":"S"})", nullptr, "question"},
    {"cut", R"({"question":"Q","scenario":"S)", nullptr, "no complete JSON"},
    {"no JSON", "I cannot help with that.", nullptr, "no complete JSON"},
    {"rows of braces", "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{", nullptr, "no complete JSON"},
    {"rows of digits", "1 2 3 4 5 6 7 8 9 10 11 12", nullptr, "no complete JSON"},
    {"single quotes", "{'question': 'Q', 'scenario': 'S'}", nullptr, "no complete JSON"},
};

}  // namespace

TEST_CASE("the answer is found in whatever surrounds it, or the problem is named") {
  AnswerChecker checker;
  for (const Case& one : kCases) {
    INFO(one.name);
    const auto answer = checker.check(one.text, kSchema);
    REQUIRE(answer.ok());
    if (one.question != nullptr) {
      REQUIRE(answer->value.has_value());
      CHECK((*answer->value)["question"] == one.question);
      CHECK(answer->problem.empty());
    } else {
      CHECK_FALSE(answer->value.has_value());
      CHECK_THAT(answer->problem, Catch::Matchers::Contains(one.problem));
    }
  }
}

TEST_CASE("a schema that is none is a fault of the run") {
  AnswerChecker checker;
  const auto answer = checker.check("{}", Json{{"type", 7}});
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.status().fault() == rare::Fault::run);
  CHECK_THAT(answer.status().message(), Catch::Matchers::Contains("JSON Schema"));
}

TEST_CASE("thousands of braces take no time worth speaking of") {
  CHECK(json_candidates(std::string(200'000, '{')).empty());
  CHECK(json_candidates(std::string(100'000, '[') + std::string(100'000, ']')).size() == 1);
}

TEST_CASE("reasoning is split off") {
  struct Split {
    const char *content, *text, *reasoning;
    bool unclosed;
  };
  const Split cases[] = {
      {"answer", "answer", "", false},
      {"<think>why</think>answer", "answer", "why", false},
      {"\n<think>\nwhy\n</think>\n\nanswer\n", "answer", "why", false},
      {"why\n</think>\nanswer", "answer", "why", false},
      {"<think>a</think><think>b</think>answer", "answer", "a\nb", false},
      {"<think></think>answer", "answer", "", false},
      {"<think>why", "", "why", true},
      {"<think>why</think>", "", "why", false},
      {"the tag <think> opens and </think> closes", "the tag <think> opens and </think> closes", "",
       false},
      {"", "", "", false},
  };
  for (const Split& one : cases) {
    INFO(one.content);
    const SplitText split = split_reasoning(one.content);
    CHECK(split.text == one.text);
    CHECK(split.reasoning == one.reasoning);
    CHECK(split.unclosed == one.unclosed);
  }
}

TEST_CASE("a completion's parts are read; what is none is refused") {
  const auto whole = parse_completion(R"({"model":"m","usage":{"prompt_tokens":5,
    "completion_tokens":6},"choices":[{"finish_reason":"stop","message":{"content":"hi",
    "reasoning_content":"why"}}]})");
  REQUIRE(whole.ok());
  CHECK(whole->content == "hi");
  CHECK(whole->reasoning == "why");
  CHECK(whole->finish_reason == "stop");
  CHECK(whole->prompt_tokens == 5);
  CHECK(whole->completion_tokens == 6);

  const auto parts = parse_completion(
      R"({"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],
          "reasoning":"r"}}],"usage":null})");
  REQUIRE(parts.ok());
  CHECK(parts->content == "ab");
  CHECK(parts->reasoning == "r");
  CHECK(parse_completion(R"({"choices":[{"message":{"content":null}}]})").ok());

  for (const char* improper :
       {"", "<html>busy</html>", "[]", "{}", R"({"choices":[]})", R"({"choices":[{}]})",
        R"({"choices":[7]})", R"({"choices":{"0":1}})", R"({"error":{"message":"overloaded"}})",
        R"({"choices":[{"message":{"content":"cut he)"}) {
    INFO(improper);
    CHECK_FALSE(parse_completion(improper).ok());
  }
}
