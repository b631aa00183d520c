// What is asked of a question beside the prompt: one sentence for each demand.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rare::distill {

// Parameters of Doc2Query; empty ones demand nothing.
struct QuestionDemands {
  std::string difficulty;  // easy, medium or hard
  std::string domain;
  std::string language;
};

// The sentences, in a fixed order; `instruction`, unless empty, stands first.
std::vector<std::string> requirement_sentences(const QuestionDemands& demands,
                                               std::string_view instruction);

// The lines of a text that hold something.
std::vector<std::string> lines_of(std::string_view text);

}  // namespace rare::distill
