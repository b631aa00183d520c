// A chain of thought in its two parts: how the answer is come to, and the answer.
#pragma once

#include <optional>
#include <string_view>

namespace rare::exports {

struct ReasoningParts {
  std::string_view thinking;
  std::string_view answer;
};

// Both without white space around them; none where one of them would be empty, or would still hold
// a tag <think>, </think>, <answer> or </answer>. The thinking is what stands in <think> and
// </think> at the beginning, or before a </think> whose beginning was part of the chat template;
// the answer what follows, <answer> and </answer> around it left out. Without them the answer is
// what stands in <answer> and </answer> at the end, or follows prompt::answer_line().
// Thread-safety: any thread. Views are of the text.
std::optional<ReasoningParts> parts_of_reasoning(std::string_view text);

// The thinking of a text that has no answer: as above, <think> and </think> around it left out.
std::optional<std::string_view> thinking_alone(std::string_view text);

}  // namespace rare::exports
