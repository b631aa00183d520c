// Without it valijson ends the process when a schema is wrong.
#define VALIJSON_USE_EXCEPTIONS 1

#include "plugins/llm/answer_validator.h"

#include <algorithm>
#include <regex>
#include <unordered_map>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validation_visitor.hpp>
#include <vector>

namespace rare::llm {
namespace {

using Patterns = std::unordered_map<std::string, std::regex>;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

constexpr int kMostProblems = 3;
// Years of dates in a reply have fewer digits.
constexpr std::size_t kMostLeadingDigits = 256;
constexpr std::size_t kLongestValueBytes = 60;

// By simulation, in time proportional to the text: the usual way of the library calls itself for
// each character, and a long answer would end the process.
std::regex pattern_of(const std::string& text) {
  return std::regex(text, std::regex::ECMAScript | std::regex_constants::__polynomial);
}

// Throws std::regex_error.
void collect_patterns(const Json& schema, Patterns& patterns) {
  if (schema.is_array()) {
    for (const Json& item : schema) collect_patterns(item, patterns);
  }
  if (!schema.is_object()) return;
  for (const auto& [name, rules] : schema.items()) {
    if (name == "pattern" && rules.is_string()) {
      const auto& text = rules.get_ref<const std::string&>();
      patterns.emplace(text, pattern_of(text));
    }
    if (name == "patternProperties" && rules.is_object()) {
      for (const auto& [text, rest] : rules.items()) pattern_of(text);
    }
    collect_patterns(rules, patterns);
  }
}

// The schema of what stands at `place` ("<root>", "[question]", "[0]", ...), as far as plain
// properties and items lead there; null: not known.
const Json& schema_at(const Json& schema, const std::vector<std::string>& place) {
  static const Json kNone;
  const Json* at = &schema;
  for (std::size_t i = 1; i < place.size(); ++i) {
    const std::string name = place[i].substr(1, place[i].size() - 2);
    const auto properties = at->find("properties");
    const auto items = at->find("items");
    if (properties != at->end() && properties->is_object() && properties->contains(name)) {
      at = &(*properties)[name];
    } else if (items != at->end() && items->is_object()) {
      at = &*items;
    } else {
      return kNone;
    }
    if (!at->is_object()) return kNone;
  }
  return *at;
}

const Json& value_at(const Json& value, const std::vector<std::string>& place) {
  static const Json kNone;
  const Json* at = &value;
  for (std::size_t i = 1; i < place.size(); ++i) {
    const std::string name = place[i].substr(1, place[i].size() - 2);
    if (at->is_object() && at->contains(name)) {
      at = &(*at)[name];
    } else if (at->is_array() && !name.empty() && std::stoul(name) < at->size()) {
      at = &(*at)[std::stoul(name)];
    } else {
      return kNone;
    }
  }
  return *at;
}

// Whether a text begins with so many digits that the library's own expressions for dates and times,
// which call themselves for each of them, would end the process.
bool has_endless_number(const Json& value) {
  if (value.is_structured()) return std::any_of(value.begin(), value.end(), has_endless_number);
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return std::min(text.find_first_not_of("0123456789"), text.size()) > kMostLeadingDigits;
}

std::string shown(const Json& value) {
  if (value.is_structured()) return std::string(value.is_object() ? "an object" : "a list");
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kLongestValueBytes) return text;
  return value.is_string() ? "a string of " + std::to_string(text.size()) + " bytes" : "a number";
}

std::string place_text(const std::vector<std::string>& place) {
  if (place.size() <= 1) return "the answer";
  std::string text;
  for (std::size_t i = 1; i < place.size(); ++i) {
    const std::string name = place[i].substr(1, place[i].size() - 2);
    const bool is_index = !name.empty() && name.find_first_not_of("0123456789") == name.npos;
    text += is_index ? '[' + name + ']' : (text.empty() ? "" : ".") + name;
  }
  return '"' + text + '"';
}

std::string words_for(const valijson::ValidationResults::Error& error, const Json& schema,
                      const Json& value) {
  const Json& rules = schema_at(schema, error.context);
  const std::string place = place_text(error.context);
  const bool of_type = error.description.find("'type' constraint") != std::string::npos;
  const bool of_enum = error.description.find("any enum values") != std::string::npos;
  const char* key = of_type ? "type" : "enum";
  if ((!of_type && !of_enum) || !rules.is_object() || !rules.contains(key)) {
    return place + ": " + error.description;
  }
  const Json& expected = rules[key];
  return place + " must be of " + (of_type ? "the type " : "") +
         (expected.is_string() ? expected.get<std::string>() : expected.dump()) + ", not " +
         shown(value_at(value, error.context));
}

}  // namespace

struct AnswerValidator::Rules {
  Json text;
  valijson::Schema schema;
  Patterns patterns;
  bool has_formats = false;
};

AnswerValidator::AnswerValidator(std::unique_ptr<Rules> rules) : rules_(std::move(rules)) {}
AnswerValidator::~AnswerValidator() = default;

const Json& AnswerValidator::schema() const { return rules_->text; }

Result<std::unique_ptr<AnswerValidator>> AnswerValidator::of(const Json& schema) {
  auto rules = std::make_unique<Rules>();
  rules->text = schema;
  try {
    collect_patterns(schema, rules->patterns);
    rules->has_formats =
        schema.dump(-1, ' ', false, Json::error_handler_t::replace).find("\"format\":") !=
        std::string::npos;
    valijson::SchemaParser parser;
    const Adapter adapter(rules->text);
    parser.populateSchema(adapter, rules->schema);
  } catch (const std::regex_error& error) {
    return Status(StatusCode::invalid_argument,
                  std::string("a regular expression in it cannot be used: ") + error.what());
  } catch (const std::exception& error) {
    return Status(StatusCode::invalid_argument, error.what());
  }
  return std::unique_ptr<AnswerValidator>(new AnswerValidator(std::move(rules)));
}

std::string AnswerValidator::problem_of(const Json& value) {
  if (rules_->has_formats && has_endless_number(value)) {
    return "a text begins with hundreds of digits, where the schema has dates or times";
  }
  valijson::ValidationResults results;
  const Adapter adapter(value);
  valijson::ValidationVisitor<Adapter> visitor(adapter, {"<root>"}, true, &results,
                                               rules_->patterns);
  try {
    if (visitor.validateSchema(rules_->schema)) return {};
  } catch (const std::exception& error) {
    return std::string("it cannot be checked against the schema: ") + error.what();
  }
  std::string text;
  valijson::ValidationResults::Error error;
  for (int shown_problems = 0; shown_problems < kMostProblems && results.popError(error);) {
    // Says of an object what was said of its part.
    if (error.description.starts_with("Failed to validate")) continue;
    text += (text.empty() ? "" : "; ") + words_for(error, rules_->text, value);
    ++shown_problems;
  }
  return text.empty() ? "it does not satisfy the schema" : text;
}

}  // namespace rare::llm
