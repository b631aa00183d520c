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
  CHECK(told_apart("想一想。\n答案：四") == "想一想。 | 四");
}

TEST_CASE("what has only one of the two is not told apart") {
  for (const char* text : {"", "a", "Answer: 4", "<think>a</think>", "<think>a", "a\nAnswer:",
                           "<think></think>b", "The Answer: 4", "<answer>4</answer>"}) {
    INFO(text);
    CHECK(told_apart(text) == "none");
  }
}
