// Without it valijson ends the process when a schema is wrong.
#define VALIJSON_USE_EXCEPTIONS 1

#include "plugins/llm/structured_answer.h"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "plugins/llm/reply_key.h"

namespace rare::llm {
namespace {

// A text with this many opening braces that lead nowhere holds no answer.
constexpr int kMostFailures = 1000;

// The end of the JSON value that opens at `from`, or npos: brackets counted outside strings.
std::size_t balanced_end(std::string_view text, std::size_t from) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// What models write inside strings although JSON forbids it.
std::string repaired(std::string_view json) {
  std::string text;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\' && i + 1 < json.size()) {
      const char next = json[++i];
      if (std::string_view("\"\\/bfnrtu").find(next) == std::string_view::npos) text += '\\';
      text += c;
      text += next;
    } else if (in_string && c == '\n') {
      text += "\\n";
    } else if (in_string && c == '\t') {
      text += "\\t";
    } else if (in_string && c == '\r') {
      text += "\\r";
    } else {
      if (c == '"') in_string = !in_string;
      text += c;
    }
  }
  return text;
}

std::optional<Json> parsed(std::string_view text) {
  Json value = Json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) value = Json::parse(repaired(text), nullptr, false);
  if (!value.is_structured()) return std::nullopt;
  return value;
}

std::string errors_of(valijson::ValidationResults& results) {
  std::string text;
  valijson::ValidationResults::Error error;
  for (int shown = 0; shown < 3 && results.popError(error); ++shown) {
    std::string place;
    for (const std::string& part : error.context) {
      if (part != "<root>") place += part;
    }
    if (!text.empty()) text += "; ";
    text += (place.empty() ? "the answer" : place) + ": " + error.description;
  }
  return text;
}

}  // namespace

std::vector<Json> json_candidates(std::string_view text) {
  std::vector<Json> candidates;
  int failures = 0;
  std::size_t at = text.find_first_of("{[");
  while (at != std::string_view::npos && failures < kMostFailures) {
    const std::size_t end = balanced_end(text, at);
    std::optional<Json> value;
    if (end != std::string_view::npos) value = parsed(text.substr(at, end - at));
    if (value) {
      candidates.push_back(std::move(*value));
      at = text.find_first_of("{[", end);
    } else {
      ++failures;
      at = text.find_first_of("{[", at + 1);
    }
  }
  return candidates;
}

struct AnswerChecker::Compiled {
  valijson::Schema schema;
};

AnswerChecker::AnswerChecker() = default;
AnswerChecker::~AnswerChecker() = default;

Result<const AnswerChecker::Compiled*> AnswerChecker::compiled(const Json& schema) {
  const std::string text = dump_json(schema);
  const auto known = schemas_.find(text);
  if (known != schemas_.end()) return known->second.get();
  auto made = std::make_unique<Compiled>();
  try {
    valijson::SchemaParser parser;
    const valijson::adapters::NlohmannJsonAdapter adapter(schema);
    parser.populateSchema(adapter, made->schema);
  } catch (const std::exception& error) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        "the schema of the answer is no JSON Schema (" + std::string(error.what()) + "): " + text);
  }
  return schemas_.emplace(text, std::move(made)).first->second.get();
}

Result<StructuredAnswer> AnswerChecker::check(std::string_view text, const Json& schema) {
  const Result<const Compiled*> rules = compiled(schema);
  if (!rules) return rules.status();
  StructuredAnswer answer;
  std::vector<Json> candidates = json_candidates(text);
  if (candidates.empty()) {
    answer.problem = "there is no complete JSON object in the answer";
    return answer;
  }
  for (auto at = candidates.rbegin(); at != candidates.rend(); ++at) {
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter adapter(*at);
    if (validator.validate((*rules)->schema, adapter, &results)) {
      answer.value = std::move(*at);
      answer.problem.clear();
      return answer;
    }
    if (answer.problem.empty()) {
      answer.problem = "the JSON does not satisfy the schema: " + errors_of(results);
    }
  }
  return answer;
}

}  // namespace rare::llm
