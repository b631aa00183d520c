// The phrases by which a question shows that it was made from a text, in English and in Chinese.
#pragma once

#include <string_view>
#include <vector>

#include "plugins/phrases/phrase_rule.h"

namespace rare::phrases {

struct LeaningPhrases {
  PhraseRules rules;
  // Nouns that speak of something in the situation when it has been introduced there ("a newspaper
  // article"), and what introduces them.
  std::vector<std::string> nouns_introduced;
  std::vector<PhraseRule> introductions;  // one for each of those nouns
};

// Made once. Thread-safety: any thread.
const LeaningPhrases& english_leaning();
const LeaningPhrases& chinese_leaning();

}  // namespace rare::phrases
