// One JSON Schema, ready to judge answers: valijson, with words that a model can act upon.
#pragma once

#include <memory>
#include <string>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::llm {

// Thread-safety: one thread at a time.
class AnswerValidator {
 public:
  // An error, which quotes nothing of the schema but what is wrong, when it is no JSON Schema or
  // has a regular expression that is none.
  static Result<std::unique_ptr<AnswerValidator>> of(const Json& schema);
  ~AnswerValidator();

  const Json& schema() const;
  // What is wrong with `value`, the first few things; empty: it satisfies the schema.
  std::string problem_of(const Json& value);

 private:
  struct Rules;
  explicit AnswerValidator(std::unique_ptr<Rules> rules);
  std::unique_ptr<Rules> rules_;
};

}  // namespace rare::llm
