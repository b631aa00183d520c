// What a question speaks of as if its reader knew it, though neither the situation nor the question
// itself has introduced it: "the border", "the other signal", "why is it rare", 另一种, 那一例,
// 前者.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rare::distill {

struct OpenReference {
  std::string phrase;
  // How much it says against the question: from 1 on it cannot be understood, for ordinary things
  // that go with what was told (the room of a refrigerator) less.
  double weight;
};

// In the order of the text. `document` is what the question was made from: a thing of which it
// speaks is likelier to be known from there alone. REQUIRES: a situation that is not empty.
// Thread-safety: any thread.
std::vector<OpenReference> english_references(std::string_view question, std::string_view situation,
                                              std::string_view document);
// `question` and `situation` as plain_clauses() gives them.
std::vector<OpenReference> chinese_references(std::string_view question,
                                              std::string_view situation);

// What a situation of so few words adds to the weight of what is open: it introduces little.
double weight_of_brevity_english(std::string_view situation);
double weight_of_brevity_chinese(std::string_view situation);

}  // namespace rare::distill
