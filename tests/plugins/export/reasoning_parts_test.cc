#include "reasoning_parts.h"

#include <string>
#include <string_view>

#include "catch.h"

namespace {

std::string told_apart(std::string_view text) {
  const auto parts = rare::exports::parts_of_reasoning(text);
  return parts ? std::string(parts->thinking) + " | " + std::string(parts->answer) : "none";
}

}  // namespace

TEST_CASE("reasoning and answer are told apart by tags or by the line of the answer") {
  CHECK(told_apart("<think>a\nb</think>\n<answer>c</answer>") == "a\nb | c");
  CHECK(told_apart(" <think> a </think> c ") == "a | c");
  CHECK(told_apart("a\n<answer>b</answer>") == "a | b");
  CHECK(told_apart("Step 1.\nAnswer: 4") == "Step 1. | 4");
  CHECK(told_apart("Answer: no.\nBut wait.\n  Answer: yes\n\nbecause") ==
        "Answer: no.\nBut wait. | yes\n\nbecause");
  // The template has begun the thinking.
  CHECK(told_apart("Hmm. Answer: 3?\n</think>\nAnswer: 5") == "Hmm. Answer: 3? | Answer: 5");
  CHECK(told_apart("Step 1.\n**Answer:** 42") == "Step 1. | 42");
  CHECK(told_apart("Step 1.\n**Answer: 42**") == "Step 1. | 42");
  CHECK(told_apart("Step 1.\n\n### Final answer: 42") == "Step 1. | 42");
  CHECK(told_apart("Step 1.\nanswer: 42") == "Step 1. | 42");
  CHECK(told_apart("想一想。\n答案：四") == "想一想。 | 四");
}

TEST_CASE("what has only one of the two is not told apart") {
  for (const char* text : {"", "a", "Answer: 4", "<think>a</think>", "<think>a", "a\nAnswer:",
                           "<think></think>b", "The Answer: 4", "<answer>4</answer>"}) {
    INFO(text);
    CHECK(told_apart(text) == "none");
  }
}

TEST_CASE("no tag is left in one of the two") {
  for (const char* text :
       {"<think>a</think><answer>1</answer> no: <answer>2</answer>", "a</think>b</think>c",
        "<think>a<think>b</think>c", "<think>a</think> as said: <answer>2</answer>",
        "a <answer>1</answer>\n<answer>2</answer>", "a <answer>1</answer> b",
        "<think>a</think><think>b</think>c", "a</answer>\nAnswer: 4"}) {
    INFO(text);
    CHECK(told_apart(text) == "none");
  }
  using rare::exports::thinking_alone;
  CHECK(thinking_alone(" <think> a </think>\n") == "a");
  CHECK(thinking_alone("a") == "a");
  for (const char* text :
       {"<think>a</think>\n<answer>b</answer>", "a</think>", "<think>a", "<think></think>", " "}) {
    INFO(text);
    CHECK_FALSE(thinking_alone(text));
  }
}
