#include "plugins/prompt/final_answer.h"

#include <string>

#include "catch.h"

using rare::prompt::cited_passages;
using rare::prompt::final_answer;
using rare::prompt::marked_answer;
using rare::prompt::same_answer;

TEST_CASE("a chain of thought comes to its last answer") {
  const auto [text, answer] = GENERATE(table<std::string, std::string>({
      {"Step 1.\nAnswer: a b \n", "a b"},
      {"Answer: first\nAnswer: second", "second"},
      {"**Answer:** bold", "bold"},
      {"**Answer: bold**", "bold"},
      {"Answer: 2**", "2**"},
      {"<think>Answer: no</think>\n<answer> yes </answer>", "yes"},
      {"<answer>never closed", "never closed"},
      {"推理。答案：四", "四"},
      {" plain ", "plain"},
      {"", ""},
      {"Answer:", ""},
  }));
  CHECK(final_answer(text) == answer);
}

TEST_CASE("answers are the same but for case, space and punctuation, never for a number") {
  CHECK(same_answer("The  Rail, bent.", "the rail bent"));
  CHECK(same_answer("1,000 m", "1000 m."));
  CHECK(same_answer("四。", "四"));
  CHECK_FALSE(same_answer("-5", "5"));
  CHECK_FALSE(same_answer("2.5", "25"));
  CHECK_FALSE(same_answer("3/4", "34"));
  CHECK_FALSE(same_answer("10%", "10"));
  CHECK_FALSE(same_answer("1 2", "12"));
}

TEST_CASE("an answer is marked or it is not") {
  CHECK_FALSE(marked_answer("It is so."));
  CHECK(marked_answer("Answer: so") == "so");
  CHECK(marked_answer("Answer: ") == "");
}

TEST_CASE("passages are cited by their numbers") {
  const auto [text, cited] = GENERATE(table<std::string, std::set<std::size_t>>({
      {"Passage 2 matters; passage 1 does not.", {1, 2}},
      {"passages 1, 3 and 12 tell that", {1, 3, 12}},
      {"as said in [4]", {4}},
      {"段落2和3说明，第5段无关", {2, 3, 5}},
      {"the passage says 2 things in 3 steps", {}},
      {"Step 1: heat", {}},
      {"第3步", {}},
      {"", {}},
      {"passage", {}},
      {"passage 99999999999999999999999", {1000000}},
  }));
  CHECK(cited_passages(text) == cited);
}
