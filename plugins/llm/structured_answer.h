// Finds the JSON answer in a model's text and checks it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/llm/answer_validator.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::llm {

struct StructuredAnswer {
  std::optional<Json> value;
  std::string problem;  // what is wrong, in words for the model; empty with a value
};

// Thread-safety: one thread at a time.
class AnswerChecker {
 public:
  // The one answer in `text` that satisfies `schema`. It may stand in prose, in a fence, after
  // thoughts, alone in a list; JSON that has nothing to do with the schema may stand around it, and
  // a failed attempt before it. What could be meant in two ways has a problem instead: two
  // different answers, an answer followed by a failed attempt, a name in another case.
  // An error when `schema` itself is no JSON Schema.
  Result<StructuredAnswer> check(std::string_view text, const Json& schema);

 private:
  Result<AnswerValidator*> validator_of(const Json& schema);

  std::map<std::string, std::unique_ptr<AnswerValidator>> validators_;
  AnswerValidator* last_ = nullptr;  // most calls in a row have one schema
};

}  // namespace rare::llm
