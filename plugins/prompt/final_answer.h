// What a chain of thought comes to, and what it rests on.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string_view>

namespace rare::prompt {

// The text between the last <answer> and </answer>, else what follows the last "Answer:" or 答案：;
// none: the text marks no answer.
std::optional<std::string_view> marked_answer(std::string_view text);

// Where a line begins with the last "Answer:" or 答案：, whatever its case, perhaps behind
// Markdown's marks or "Final", and what it says; none: no line does.
struct AnswerLine {
  std::size_t begin;
  std::string_view answer;
};
std::optional<AnswerLine> answer_line(std::string_view text);

// The marked answer, else all of the text.
std::string_view final_answer(std::string_view text);

// Whether two answers are the same but for case, white space and punctuation. A sign, a decimal
// point or a per cent of a number is no punctuation.
bool same_answer(std::string_view one, std::string_view other);

// The numbers of passages that the text names: "passage 2", "Passages 1 and 3", [4], 段落2, 第2段.
std::set<std::size_t> cited_passages(std::string_view text);

}  // namespace rare::prompt
