#include "reasoning_parts.h"

#include <array>
#include <cstddef>

namespace rare::exports {
namespace {

constexpr std::string_view kThink = "<think>", kThinkEnd = "</think>";
constexpr std::string_view kAnswer = "<answer>", kAnswerEnd = "</answer>";

std::string_view without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Where the last such mark at the beginning of a line stands; npos: nowhere.
std::size_t last_line_that_begins(std::string_view text, std::string_view mark) {
  for (std::size_t at = text.rfind(mark); at != std::string_view::npos && at > 0;
       at = text.rfind(mark, at - 1)) {
    const std::size_t before = text.find_last_not_of(" \t", at - 1);
    if (before == std::string_view::npos || text[before] == '\n') return at;
  }
  return text.starts_with(mark) ? 0 : std::string_view::npos;
}

std::string_view without_answer_tags(std::string_view text) {
  if (!text.starts_with(kAnswer) || !text.ends_with(kAnswerEnd)) return text;
  if (text.size() < kAnswer.size() + kAnswerEnd.size()) return text;
  text.remove_prefix(kAnswer.size());
  text.remove_suffix(kAnswerEnd.size());
  return without_space(text);
}

std::optional<ReasoningParts> both(std::string_view thinking, std::string_view answer) {
  const ReasoningParts parts{without_space(thinking), without_answer_tags(without_space(answer))};
  if (parts.thinking.empty() || parts.answer.empty()) return std::nullopt;
  return parts;
}

}  // namespace

std::optional<ReasoningParts> parts_of_reasoning(std::string_view text) {
  text = without_space(text);
  if (text.starts_with(kThink)) {
    const std::size_t end = text.find(kThinkEnd);
    if (end == std::string_view::npos) return std::nullopt;
    return both(text.substr(kThink.size(), end - kThink.size()),
                text.substr(end + kThinkEnd.size()));
  }
  const std::size_t tag = text.rfind(kAnswer);
  if (tag != std::string_view::npos && text.ends_with(kAnswerEnd)) {
    return both(text.substr(0, tag), text.substr(tag));
  }
  constexpr std::array<std::string_view, 3> kMarks{"Answer:", "答案：", "答案:"};
  std::size_t answer = std::string_view::npos;
  std::size_t mark_bytes = 0;
  for (const std::string_view mark : kMarks) {
    const std::size_t at = last_line_that_begins(text, mark);
    if (at == std::string_view::npos || (answer != std::string_view::npos && at < answer)) continue;
    answer = at;
    mark_bytes = mark.size();
  }
  if (answer == std::string_view::npos) return std::nullopt;
  return both(text.substr(0, answer), text.substr(answer + mark_bytes));
}

}  // namespace rare::exports
