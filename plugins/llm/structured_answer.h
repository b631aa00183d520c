// Finds the JSON answer in a model's text and checks it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::llm {

// Every JSON object or array in the text, in order: the whole text, fenced blocks, or embedded in
// prose. Braces that are no JSON (LaTeX, code) are passed over. Raw line breaks inside strings and
// escapes that JSON does not know (\alpha) are read as the model meant them.
std::vector<Json> json_candidates(std::string_view text);

struct StructuredAnswer {
  std::optional<Json> value;
  std::string problem;  // what is wrong, in words for the model; empty with a value
};

// Thread-safety: one thread at a time.
class AnswerChecker {
 public:
  AnswerChecker();
  ~AnswerChecker();

  // The last candidate that satisfies `schema`: models draft first and answer last. An error when
  // `schema` itself is no JSON Schema.
  Result<StructuredAnswer> check(std::string_view text, const Json& schema);

 private:
  struct Compiled;
  Result<const Compiled*> compiled(const Json& schema);
  std::map<std::string, std::unique_ptr<Compiled>> schemas_;
};

}  // namespace rare::llm
