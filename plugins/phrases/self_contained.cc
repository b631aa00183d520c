#include "plugins/phrases/self_contained.h"

#include <algorithm>

#include "plugins/phrases/leaning_phrases.h"

namespace rare::phrases {

namespace {

// Takes nouns that the situation or the text itself has introduced out of the rules' sight, from
// there on.
void hide_introduced(std::string& clauses, std::size_t begin, const LeaningPhrases& phrases) {
  for (std::size_t i = 0; i < phrases.nouns_introduced.size(); ++i) {
    const std::string& noun = phrases.nouns_introduced[i];
    if (clauses.find(noun, begin) == std::string::npos) continue;
    const std::string_view introduced = phrases.introductions[i].find(clauses);
    if (introduced.empty()) continue;
    std::size_t at = static_cast<std::size_t>(introduced.data() - clauses.data());
    at = std::max(begin, at);
    const std::string hidden(noun.size(), '-');
    while ((at = clauses.find(noun, at)) != std::string::npos) {
      clauses.replace(at, noun.size(), hidden);
      at += noun.size();
    }
  }
}

std::string phrase_in(std::string_view text, std::string_view situation, Script script,
                      const LeaningPhrases& phrases) {
  std::string clauses = plain_clauses(situation, script);
  const std::size_t begin = clauses.size();
  clauses += plain_clauses(text, script);
  hide_introduced(clauses, begin, phrases);
  const std::string_view judged = std::string_view(clauses).substr(begin);
  return std::string(phrases.rules.find(judged));
}

}  // namespace

std::string leaning_phrase(std::string_view text, std::string_view situation) {
  const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  if (std::any_of(text.begin(), text.end(), is_letter)) {
    std::string phrase = phrase_in(text, situation, Script::words, english_leaning());
    if (!phrase.empty()) return phrase;
  }
  if (!may_be_chinese(text)) return {};
  return phrase_in(text, situation, Script::characters, chinese_leaning());
}

}  // namespace rare::phrases
