// A model's reply of any bytes, by schemas that accept much: a value that satisfies its schema or a
// problem in words, in bounded time, and never a part of an answer in the place of the whole.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "plugins/llm/structured_answer.h"

namespace {

using namespace rare;
using namespace rare::llm;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void check_reply(AnswerChecker& checker, std::string_view text, const Json& schema) {
  const Result<StructuredAnswer> answer = checker.check(text, schema);
  expect(answer.ok(), "the schema is one");
  expect(answer->value.has_value() == answer->problem.empty(), "there is a value or a problem");
  if (!answer->value) return;
  expect((*AnswerValidator::of(schema))->problem_of(*answer->value).empty(),
         "the value satisfies the schema");
  // Without backslashes, which may be meant as LaTeX.
  const std::string written = answer->value->dump();
  if (written.find('\\') != std::string::npos) return;
  const Result<StructuredAnswer> again = checker.check(written, schema);
  expect(again.ok() && again->value == answer->value, "written properly, it is read as the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Json object = Json::parse(R"({"type": "object", "properties": {
    "question": {"type": "string"}, "score": {"type": "number"},
    "parts": {"type": "array", "items": {"$ref": "#"}}}})");
  static const Json list = Json::parse(R"({"type": "array"})");
  static AnswerChecker checker;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_reply(checker, text, object);
  check_reply(checker, text, list);
  return 0;
}
