// A chain of thought in its two parts: how the answer is come to, and the answer.
#pragma once

#include <optional>
#include <string_view>

namespace rare::exports {

struct ReasoningParts {
  std::string_view thinking;
  std::string_view answer;
};

// Both without white space around them; none where one of them would be empty. The thinking is what
// stands in <think> and </think> at the beginning, and the answer what follows, <answer> and
// </answer> around it left out; without them the answer is what stands in the last <answer> and
// </answer>, or follows the last "Answer:" or 答案： that begins a line.
// Thread-safety: any thread. Views are of the text.
std::optional<ReasoningParts> parts_of_reasoning(std::string_view text);

}  // namespace rare::exports
