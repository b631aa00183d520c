// What comes back from endpoints, as ugly as it comes.
#include "catch.h"
#include "plugins/llm/completion_body.h"

using namespace rare::llm;

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
       {"", "\"text\"", "<html>busy</html>", "[]", "{}", R"({"choices":[]})", R"({"choices":[{}]})",
        R"({"choices":[7]})", R"({"choices":{"0":1}})", R"({"error":{"message":"overloaded"}})",
        R"({"choices":[{"message":{"content":"cut he)"}) {
    INFO(improper);
    CHECK_FALSE(parse_completion(improper).ok());
  }
}

TEST_CASE("what parsers differ in is read as in the rest of the engine") {
  const auto twice = parse_completion(
      R"({"choices":[],"model":"a","model":"b",
          "choices":[{"message":{"content":"first","content":"last"},"finish_reason":7}]})");
  REQUIRE(twice.ok());
  CHECK(twice->content == "last");
  CHECK(twice->model == "b");
  CHECK(twice->finish_reason.empty());

  const auto numbers = parse_completion(
      R"({"id":123456789012345678901234567890,"usage":{"prompt_tokens":5.0,"completion_tokens":"6"},
          "choices":[{"message":{"content":"\u00e9\ud83d\ude00"}}]})");
  REQUIRE(numbers.ok());
  CHECK(numbers->content == "\u00e9\U0001F600");
  CHECK(numbers->prompt_tokens == 5);
  CHECK(numbers->completion_tokens == 0);

  CHECK_FALSE(parse_completion("{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}").ok());
  CHECK_FALSE(parse_completion(R"({"choices":[{"message":{"content":"\ud83d"}}]})").ok());
}
