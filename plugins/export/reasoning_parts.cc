#include "reasoning_parts.h"

#include <cstddef>

#include "plugins/prompt/asking_operator.h"
#include "plugins/prompt/final_answer.h"

namespace rare::exports {
namespace {

constexpr std::string_view kThink = "<think>", kThinkEnd = "</think>";
constexpr std::string_view kAnswer = "<answer>", kAnswerEnd = "</answer>";

bool has_tag(std::string_view text) {
  if (text.find('<') == std::string_view::npos) return false;
  for (const std::string_view tag : {kThink, kThinkEnd, kAnswer, kAnswerEnd}) {
    if (text.find(tag) != std::string_view::npos) return true;
  }
  return false;
}

// The text without white space and the two tags at its ends.
std::string_view without_tags(std::string_view text, std::string_view begin, std::string_view end) {
  text = prompt::trimmed(text);
  if (!text.starts_with(begin) || !text.ends_with(end)) return text;
  text.remove_prefix(begin.size());
  text.remove_suffix(end.size());
  return prompt::trimmed(text);
}

std::optional<ReasoningParts> both(std::string_view thinking, std::string_view answer) {
  const ReasoningParts parts{prompt::trimmed(thinking), without_tags(answer, kAnswer, kAnswerEnd)};
  if (parts.thinking.empty() || parts.answer.empty()) return std::nullopt;
  if (has_tag(parts.thinking) || has_tag(parts.answer)) return std::nullopt;
  return parts;
}

}  // namespace

std::optional<ReasoningParts> parts_of_reasoning(std::string_view text) {
  text = prompt::trimmed(text);
  const std::size_t end = text.find(kThinkEnd);
  if (end != std::string_view::npos) {
    const std::size_t begin = text.starts_with(kThink) ? kThink.size() : 0;
    return both(text.substr(begin, end - begin), text.substr(end + kThinkEnd.size()));
  }
  const std::size_t tag = text.find(kAnswer);
  if (tag != std::string_view::npos) return both(text.substr(0, tag), text.substr(tag));
  const std::optional<prompt::AnswerLine> line = prompt::answer_line(text);
  if (!line) return std::nullopt;
  return both(text.substr(0, line->begin), line->answer);
}

std::optional<std::string_view> thinking_alone(std::string_view text) {
  const std::string_view thinking = without_tags(text, kThink, kThinkEnd);
  if (thinking.empty() || has_tag(thinking)) return std::nullopt;
  return thinking;
}

}  // namespace rare::exports
