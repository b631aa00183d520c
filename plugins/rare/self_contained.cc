#include "self_contained.h"

#include <algorithm>
#include <vector>

#include "leaning_phrases.h"
#include "open_references.h"

namespace rare::distill {

namespace {

// Takes nouns that the situation or the text itself has introduced out of the rules' sight, from
// there on.
void hide_introduced(std::string& clauses, std::size_t begin, const LeaningPhrases& phrases) {
  for (const Introduction& introduction : phrases.introductions) {
    const std::string& noun = introduction.noun;
    if (clauses.find(noun, begin) == std::string::npos) continue;
    const std::string_view looked_at = std::string_view(clauses).substr(
        0, introduction.in_situation_alone ? begin : clauses.size());
    const std::string_view introduced = introduction.by.find(looked_at);
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

// `text` and `situation` as plain_clauses() gives them.
std::string phrase_in(std::string_view text, std::string_view situation,
                      const LeaningPhrases& phrases) {
  std::string clauses(situation);
  const std::size_t begin = clauses.size();
  clauses += text;
  hide_introduced(clauses, begin, phrases);
  const std::string_view judged = std::string_view(clauses).substr(begin);
  return std::string(phrases.rules.find(judged));
}

// The heaviest of the references when all of them together, and the situation's brevity, are too
// much; empty: they are not.
std::string too_open(const std::vector<OpenReference>& references, double brevity) {
  double weight = brevity;
  const OpenReference* heaviest = nullptr;
  for (const OpenReference& reference : references) {
    weight += reference.weight;
    if (heaviest == nullptr || reference.weight > heaviest->weight) heaviest = &reference;
  }
  constexpr double kTooMuch = 0.999;
  return heaviest != nullptr && weight >= kTooMuch ? heaviest->phrase : "";
}

}  // namespace

std::string leaning_phrase(std::string_view text, std::string_view situation,
                           std::string_view document) {
  const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  if (std::any_of(text.begin(), text.end(), is_letter)) {
    std::string phrase = phrase_in(plain_clauses(text, Script::words),
                                   plain_clauses(situation, Script::words), english_leaning());
    if (phrase.empty() && !situation.empty()) {
      phrase = too_open(english_references(text, situation, document),
                        weight_of_brevity_english(situation));
    }
    if (!phrase.empty()) return phrase;
  }
  if (!may_be_chinese(text)) return {};
  const std::string judged = plain_clauses(text, Script::characters);
  const std::string told = plain_clauses(situation, Script::characters);
  std::string phrase = phrase_in(judged, told, chinese_leaning());
  if (!phrase.empty() || situation.empty()) return phrase;
  return too_open(chinese_references(judged, told), weight_of_brevity_chinese(situation));
}

}  // namespace rare::distill
