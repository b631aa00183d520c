// What llm.judge judges by: criteria with their scales, the schema and the words that tell a model
// of them, and what a record must reach to be kept.
//
// Thread-safety: const after parse().
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::llm {

struct Criterion {
  std::string name;
  std::string description;
  int min = 1;
  int max = 5;
};

class Rubric {
 public:
  // From a list of {name, description, min, max}. The message of an error begins with "rubric" and
  // says what was expected.
  static Result<Rubric> parse(const Json& list);

  const std::vector<Criterion>& criteria() const { return criteria_; }
  // An object with {reason, score} for each name, and nothing else.
  Json schema() const;
  // The criteria in words, for the prompt: not every endpoint shows the schema to its model.
  std::string text() const;
  // What is wrong with an answer, in words that the model can act on; empty: nothing.
  std::string problem_of(const Json& answer) const;

 private:
  std::vector<Criterion> criteria_;
};

// The least scores of a record that is kept.
class KeepRule {
 public:
  // The key of the rule for the mean of all scores.
  static constexpr const char* kMean = "min_mean";

  // From a map of names of the rubric, or `min_mean`, to the least score; null: keeps all. The
  // message of an error begins with "keep_if" and says what was expected.
  static Result<KeepRule> parse(const Json& map, const Rubric& rubric);

  // Why a record with this judgement is not kept ("clarity 2 < 3"); empty: it is.
  // REQUIRES: the rubric found no problem with it.
  std::string reason_against(const Json& judgement) const;

 private:
  std::vector<std::pair<std::string, double>> least_;  // in the rubric's order
  std::optional<double> least_mean_;
};

}  // namespace rare::llm
