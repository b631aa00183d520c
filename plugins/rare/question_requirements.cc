#include "question_requirements.h"

#include <algorithm>

#include "plugins/prompt/asking_operator.h"

namespace rare::distill {

namespace {

std::string_view sentence_of_difficulty(std::string_view difficulty) {
  if (difficulty == "easy") {
    return "Difficulty: easy. One fact of the document and one step of thought settle the "
           "question.";
  }
  if (difficulty == "medium") {
    return "Difficulty: medium. Two facts of the document must be put together to settle the "
           "question.";
  }
  return "Difficulty: hard. The question takes several steps that build on each other, and the "
         "answer that comes to mind first is wrong.";
}

}  // namespace

std::vector<std::string> requirement_sentences(const QuestionDemands& demands,
                                               std::string_view instruction) {
  std::vector<std::string> sentences;
  if (!instruction.empty()) sentences.emplace_back(instruction);
  if (!demands.difficulty.empty()) {
    sentences.emplace_back(sentence_of_difficulty(demands.difficulty));
  }
  if (!demands.domain.empty()) {
    sentences.push_back("Domain: " + demands.domain + ". The situation comes from there.");
  }
  if (!demands.language.empty()) {
    sentences.push_back("Language: " + demands.language +
                        ". Question and scenario are written in it, whatever the document's is.");
  }
  return sentences;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = prompt::trimmed(text.substr(0, end));
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace rare::distill
