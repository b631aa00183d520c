// The phrases by which a question shows that it was made from a text, in English and in Chinese.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phrase_rule.h"

namespace rare::distill {

// A noun that speaks of something in the situation when it has been introduced there ("a newspaper
// article").
struct Introduction {
  std::string noun;
  PhraseRule by;
  bool in_situation_alone = false;  // the text itself cannot introduce it
};

struct LeaningPhrases {
  PhraseRules rules;
  std::vector<Introduction> introductions;
};

// Made once. Thread-safety: any thread.
const LeaningPhrases& english_leaning();
const LeaningPhrases& chinese_leaning();

}  // namespace rare::distill
