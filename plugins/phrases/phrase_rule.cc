#include "plugins/phrases/phrase_rule.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace rare::phrases {

namespace {

constexpr std::string_view kClauseEnd = ".";

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::size_t sequence_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

enum class Mark { none, clause_end, space, left_out };

Mark mark_of(std::string_view character) {
  if (character.size() == 1 && is_alphanumeric(character[0])) return Mark::none;
  using namespace std::string_view_literals;
  constexpr std::array kClauseEnds = {"."sv,  ","sv,  ";"sv,  ":"sv,  "?"sv,
                                      "!"sv,  "\n"sv, "。"sv, "，"sv, "；"sv,
                                      "："sv, "？"sv, "！"sv, "、"sv, "…"sv};
  constexpr std::array kLeftOut = {"\""sv, "“"sv,  "”"sv, "「"sv, "」"sv, "《"sv, "》"sv,
                                   "（"sv, "）"sv, "("sv, ")"sv,  "【"sv, "】"sv, "*"sv};
  if (std::find(kClauseEnds.begin(), kClauseEnds.end(), character) != kClauseEnds.end()) {
    return Mark::clause_end;
  }
  if (std::find(kLeftOut.begin(), kLeftOut.end(), character) != kLeftOut.end()) {
    return Mark::left_out;
  }
  const bool punctuation =
      character.size() == 1
          ? static_cast<unsigned char>(character[0]) < 0x80 && !is_alphanumeric(character[0])
          : character.starts_with("\xE2\x80");  // dashes, quotes, spaces
  return punctuation ? Mark::space : Mark::none;
}

void end_word(std::string& clauses, Script script) {
  if (script == Script::words && !clauses.ends_with(' ')) clauses += ' ';
}

void end_clause(std::string& clauses, Script script) {
  end_word(clauses, script);
  const std::string_view end = script == Script::words ? ". " : ".";
  if (!clauses.ends_with(end)) clauses += end;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

bool may_be_chinese(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0xE4 && static_cast<unsigned char>(c) <= 0xE9;
  });
}

std::string plain_clauses(std::string_view text, Script script) {
  std::string clauses(script == Script::words ? ". " : ".");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = std::min(sequence_bytes(text[at]), text.size() - at);
    const std::string_view character = text.substr(at, bytes);
    const char before = at > 0 ? text[at - 1] : ' ';
    const char after = at + bytes < text.size() ? text[at + bytes] : ' ';
    at += bytes;
    if (character == "." && is_digit(before) && is_digit(after)) {
      clauses += '.';  // of a number
      continue;
    }
    switch (mark_of(character)) {
      case Mark::clause_end:
        end_clause(clauses, script);
        break;
      case Mark::space:
        end_word(clauses, script);
        break;
      case Mark::left_out:
        break;
      case Mark::none:
        if (bytes == 1) {
          clauses += static_cast<char>(std::tolower(static_cast<unsigned char>(character[0])));
        } else {
          clauses += character;
        }
    }
  }
  end_clause(clauses, script);
  return clauses;
}

PhraseRule::PhraseRule(std::string_view row, const Groups& groups, Script script)
    : script_(script) {
  for (std::string part : split(row, ' ')) {
    Element element;
    if (part.starts_with('~')) {
      element.kind = Kind::gap;
      element.longest = std::stoul(part.substr(1));
      elements_.push_back(std::move(element));
      continue;
    }
    if (part.starts_with("<!")) {
      element.kind = Kind::not_after;
      part.erase(0, 2);
    } else if (part.starts_with('!')) {
      element.kind = Kind::not_before;
      part.erase(0, 1);
    } else if (part.ends_with('?')) {
      element.optional = true;
      part.pop_back();
    }
    for (const std::string& name : split(part, '|')) {
      if (name == "#") {
        element.number = true;
      } else if (name.starts_with('@')) {
        const auto& members = groups.at(name.substr(1));
        element.alternatives.insert(element.alternatives.end(), members.begin(), members.end());
      } else {
        element.alternatives.push_back(name);
      }
    }
    for (std::string& alternative : element.alternatives) {
      std::replace(alternative.begin(), alternative.end(), '_', ' ');
      if (script == Script::words) alternative += ' ';
    }
    elements_.push_back(std::move(element));
  }
  note_first_bytes();
}

void PhraseRule::note_first_bytes() {
  for (const Element& element : elements_) {
    if (element.kind == Kind::gap) first_bytes_.set();
    if (element.kind != Kind::one_of) continue;
    for (const std::string& word : element.alternatives) {
      first_bytes_.set(static_cast<unsigned char>(word.front()));
    }
    for (char digit = '0'; element.number && digit <= '9'; ++digit) {
      first_bytes_.set(static_cast<unsigned char>(digit));
    }
    if (!element.optional) return;
  }
}

std::string_view PhraseRule::find(std::string_view clauses) const {
  for (std::size_t at = 0; at < clauses.size(); ++at) {
    if (!may_begin_with(static_cast<unsigned char>(clauses[at]))) continue;
    if (!may_begin_at(clauses, at)) continue;
    const std::string_view phrase = phrase_at(clauses, at);
    if (!phrase.empty()) return phrase;
  }
  return {};
}

bool PhraseRule::may_begin_at(std::string_view clauses, std::size_t at) const {
  return script_ == Script::words ? at == 0 || clauses[at - 1] == ' '
                                  : (static_cast<unsigned char>(clauses[at]) & 0xC0) != 0x80;
}

std::string_view PhraseRule::phrase_at(std::string_view clauses, std::size_t at) const {
  const std::size_t end = match(clauses, at, 0);
  if (end == kNone) return {};
  std::string_view phrase = clauses.substr(at, end - at);
  constexpr std::string_view kEdge = " .";
  phrase.remove_prefix(std::min(phrase.find_first_not_of(kEdge), phrase.size()));
  return phrase.substr(0, phrase.find_last_not_of(kEdge) + 1);
}

PhraseRules::PhraseRules(std::vector<PhraseRule> rules)
    : rules_(std::move(rules)), beginning_with_(256) {
  for (std::size_t byte = 0; byte < beginning_with_.size(); ++byte) {
    for (std::size_t rule = 0; rule < rules_.size(); ++rule) {
      if (!rules_[rule].may_begin_with(static_cast<unsigned char>(byte))) continue;
      beginning_with_[byte].push_back(rule);
    }
  }
}

std::string_view PhraseRules::find(std::string_view clauses) const {
  std::size_t best = rules_.size();
  std::string_view found;
  for (std::size_t at = 0; at < clauses.size(); ++at) {
    const std::vector<std::size_t>& rules =
        beginning_with_[static_cast<unsigned char>(clauses[at])];
    if (rules.empty() || !rules_[rules.front()].may_begin_at(clauses, at)) continue;
    for (const std::size_t rule : rules) {
      if (rule >= best) break;
      const std::string_view phrase = rules_[rule].phrase_at(clauses, at);
      if (phrase.empty()) continue;
      best = rule;
      found = phrase;
    }
  }
  return found;
}

std::size_t PhraseRule::match(std::string_view clauses, std::size_t at, std::size_t index) const {
  if (index == elements_.size()) return at;
  const Element& element = elements_[index];
  const std::string_view rest = clauses.substr(at);
  const auto begins_rest = [&](const std::string& word) { return rest.starts_with(word); };
  const auto ends_before = [&](const std::string& word) {
    const std::string_view before = clauses.substr(0, at);
    const bool whole_word =
        script_ == Script::characters || before.size() == word.size() ||
        (before.size() > word.size() && before[before.size() - word.size() - 1] == ' ');
    return before.ends_with(word) && whole_word;
  };
  const auto& words = element.alternatives;
  switch (element.kind) {
    case Kind::one_of:
      return match_one_of(element, clauses, at, index);
    case Kind::not_before:
      if (std::any_of(words.begin(), words.end(), begins_rest)) return kNone;
      return match(clauses, at, index + 1);
    case Kind::not_after:
      if (std::any_of(words.begin(), words.end(), ends_before)) return kNone;
      return match(clauses, at, index + 1);
    case Kind::gap:
      for (std::size_t passed = 0; at != kNone; ++passed) {
        const std::size_t end = match(clauses, at, index + 1);
        if (end != kNone) return end;
        if (passed == element.longest) break;
        at = past_unit(clauses, at);
      }
  }
  return kNone;
}

std::size_t PhraseRule::match_one_of(const Element& element, std::string_view clauses,
                                     std::size_t at, std::size_t index) const {
  for (const std::string& word : element.alternatives) {
    // Most words differ in their first byte.
    if (at == clauses.size() || clauses[at] != word.front()) continue;
    if (!clauses.substr(at).starts_with(word)) continue;
    const std::size_t end = match(clauses, at + word.size(), index + 1);
    if (end != kNone) return end;
  }
  if (element.number && at < clauses.size() && is_digit(clauses[at])) {
    std::size_t past = at;
    while (past < clauses.size() && (is_alphanumeric(clauses[past]) || clauses[past] == '.')) {
      ++past;
    }
    if (script_ == Script::words) ++past;
    const std::size_t end = match(clauses, past, index + 1);
    if (end != kNone) return end;
  }
  return element.optional ? match(clauses, at, index + 1) : kNone;
}

std::size_t PhraseRule::past_unit(std::string_view clauses, std::size_t at) const {
  if (at >= clauses.size()) return kNone;
  if (script_ == Script::characters) {
    return clauses[at] == '.' ? kNone : std::min(clauses.size(), at + sequence_bytes(clauses[at]));
  }
  const std::size_t end = clauses.find(' ', at);
  const std::string_view word = clauses.substr(at, end - at);
  constexpr std::array<std::string_view, 5> kStops = {kClauseEnd, "the", "this", "that", "these"};
  const bool stops = std::find(kStops.begin(), kStops.end(), word) != kStops.end();
  return stops || end == std::string_view::npos ? kNone : end + 1;
}

}  // namespace rare::phrases
