#include "plugins/prompt/final_answer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "plugins/prompt/asking_operator.h"

namespace rare::prompt {

namespace {

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

// What a punctuation mark at `at` becomes: itself where it changes what is said, as in -5, 2.5, 3/4
// or 10%; nothing in 1,000; a space elsewhere.
std::string_view kept_mark(std::string_view text, std::size_t at) {
  constexpr std::string_view kMeaningful = "+*/=^%<>$";
  const bool digit_before = at > 0 && is_ascii_digit(text[at - 1]);
  const bool digit_after = at + 1 < text.size() && is_ascii_digit(text[at + 1]);
  const char mark = text[at];
  if (mark == ',' && digit_before && digit_after) return {};
  const bool of_a_number =
      (mark == '.' && digit_after) ||
      (mark == '-' && digit_after && !digit_before && (at == 0 || !is_ascii_letter(text[at - 1])));
  const bool kept = of_a_number || kMeaningful.find(mark) != std::string_view::npos;
  return kept ? text.substr(at, 1) : std::string_view(" ");
}

std::string comparable(std::string_view text) {
  constexpr std::array<std::string_view, 12> kWideMarks = {"。", "，", "！", "？", "；", "：",
                                                           "、", "“",  "”",  "「", "」", "…"};
  std::string made;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool is_ascii = static_cast<unsigned char>(c) < 0x80;
    const auto wide =
        is_ascii ? kWideMarks.end()
                 : std::find_if(kWideMarks.begin(), kWideMarks.end(), [&](std::string_view mark) {
                     return text.substr(at).starts_with(mark);
                   });
    std::string_view next = text.substr(at, 1);
    if (wide != kWideMarks.end()) {
      at += wide->size() - 1;
      next = " ";
    } else if (is_ascii && !is_ascii_letter(c) && !is_ascii_digit(c)) {
      next = kept_mark(text, at);
    }
    if (next == " " && (made.empty() || made.back() == ' ')) continue;
    for (const char kept : next) {
      made += is_ascii_letter(kept) ? static_cast<char>(kept | 0x20) : kept;
    }
  }
  if (made.ends_with(' ')) made.pop_back();
  return made;
}

// The number at `at`, which moves past it; 0: none, or one of no passage.
std::size_t number_at(std::string_view text, std::size_t& at) {
  std::size_t number = 0;
  for (; at < text.size() && is_ascii_digit(text[at]); ++at) {
    number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(text[at] - '0'), 1000000);
  }
  return number;
}

// Past what may stand between two numbers of one list ("1, 3 and 4"), or between word and number.
void skip_joints(std::string_view text, std::size_t& at) {
  constexpr std::array<std::string_view, 9> kJoints = {" ",   ",",  "#",  "and ", "& ",
                                                       "or ", "、", "和", "与"};
  const auto begins = [&](std::string_view joint) { return text.substr(at).starts_with(joint); };
  for (auto joint = kJoints.begin(); joint != kJoints.end();) {
    joint = std::find_if(kJoints.begin(), kJoints.end(), begins);
    if (joint != kJoints.end()) at += joint->size();
  }
}

constexpr std::array<std::string_view, 5> kLabels = {"Answer:", "answer:", "ANSWER:", "答案：",
                                                     "答案:"};

// What a label from `begin` up to `end` is followed by, without the stars of "**Answer:** ..." and
// "**Answer: ...**".
std::string_view behind_label(std::string_view text, std::size_t begin, std::size_t end) {
  std::string_view answer = text.substr(end);
  const bool is_closed = answer.starts_with('*');
  answer.remove_prefix(std::min(answer.find_first_not_of("* "), answer.size()));
  answer = trimmed(answer);
  const std::string_view before = text.substr(0, begin);
  if (is_closed || !before.ends_with("**") || !answer.ends_with("**")) return answer;
  answer.remove_suffix(2);
  return trimmed(answer);
}

// Whether nothing but marks of Markdown and "Final" stands between the line's begin and `at`.
bool begins_line(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 3> kFinal = {"Final ", "final ", "FINAL "};
  std::string_view before = text.substr(0, at);
  for (const std::string_view word : kFinal) {
    if (before.ends_with(word)) before.remove_suffix(word.size());
  }
  const std::size_t last = before.find_last_not_of(" \t\r*#_>-");
  return last == std::string_view::npos || before[last] == '\n';
}

// As text.rfind(label), which compares the label at each place of a long text.
std::size_t last_of(std::string_view text, std::string_view label) {
  while (!text.empty()) {
    const void* mark = ::memrchr(text.data(), label.back(), text.size());
    if (mark == nullptr) break;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(mark) - text.data());
    if (text.substr(0, at + 1).ends_with(label)) return at + 1 - label.size();
    text = text.substr(0, at);
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<AnswerLine> answer_line(std::string_view text) {
  std::optional<AnswerLine> found;
  for (const std::string_view label : kLabels) {
    std::size_t at = last_of(text, label);
    while (at != std::string_view::npos && at > 0 && !begins_line(text, at)) {
      at = last_of(text.substr(0, at), label);
    }
    if (at == std::string_view::npos || !begins_line(text, at)) continue;
    const std::size_t line = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    const std::size_t begin = line == std::string_view::npos ? 0 : line + 1;
    if (found && begin < found->begin) continue;
    found = AnswerLine{begin, behind_label(text, at, at + label.size())};
  }
  return found;
}

std::string_view final_answer(std::string_view text) {
  return marked_answer(text).value_or(trimmed(text));
}

std::optional<std::string_view> marked_answer(std::string_view text) {
  constexpr std::string_view kOpen = "<answer>";
  const std::size_t open = text.rfind(kOpen);
  if (open != std::string_view::npos) {
    const std::string_view inside = text.substr(open + kOpen.size());
    return trimmed(inside.substr(0, inside.find("</answer>")));
  }
  std::size_t begin = 0;
  std::size_t end = 0;
  for (const std::string_view label : kLabels) {
    const std::size_t at = last_of(text, label);
    if (at == std::string_view::npos || at + label.size() <= end) continue;
    begin = at;
    end = at + label.size();
  }
  if (end == 0) return std::nullopt;
  return behind_label(text, begin, end);
}

bool same_answer(std::string_view one, std::string_view other) {
  return comparable(one) == comparable(other);
}

std::set<std::size_t> cited_passages(std::string_view text) {
  constexpr std::array<std::string_view, 8> kWords = {"assages", "assage", "ASSAGES", "ASSAGE",
                                                      "段落",    "文段",   "第",      "["};
  std::set<std::size_t> cited;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto word = std::find_if(kWords.begin(), kWords.end(), [&](std::string_view each) {
      return text.substr(at).starts_with(each);
    });
    if (word == kWords.end()) continue;
    std::size_t next = at + word->size();
    while (true) {
      skip_joints(text, next);
      const std::size_t number = number_at(text, next);
      // 第2段 is the second passage, 第2步 is not.
      const bool of_something_else = *word == "第" && !text.substr(next).starts_with("段");
      if (number == 0 || of_something_else) break;
      cited.insert(number);
    }
  }
  return cited;
}

}  // namespace rare::prompt
