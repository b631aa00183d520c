#include "plugins/llm/structured_answer.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "plugins/llm/json_passages.h"
#include "plugins/llm/json_text.h"

namespace rare::llm {
namespace {

constexpr std::string_view kThought = "<think>", kEndOfThought = "</think>";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Nothing, or a line of a fence.
bool is_frame(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return true;
  text.remove_prefix(begin);
  return text.starts_with("```") && text.find('\n') >= text.find_last_not_of(" \t\r\n");
}

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The properties that a schema names; null: none.
const Json& properties_of(const Json& schema) {
  static const Json kNone;
  const auto properties = schema.find("properties");
  return properties != schema.end() && properties->is_object() ? *properties : kNone;
}

// Calls use(from, to) for each stretch of the text outside the passages.
template <class Use>
void for_each_gap(std::string_view text, const std::vector<JsonPassage>& passages, Use use) {
  std::size_t at = 0;
  for (const JsonPassage& passage : passages) {
    if (passage.begin > at) use(at, passage.begin);
    at = std::max(at, passage.end);
  }
  use(at, text.size());
}

// What belongs to the reasoning is no answer: all that stands before the last </think>. Whether a
// <think> is left open.
bool drop_thoughts(std::string_view text, std::vector<JsonPassage>& passages) {
  std::size_t answer_begin = 0, thought_begin = 0;
  bool open = false;
  for_each_gap(text, passages, [&](std::size_t from, std::size_t to) {
    const std::string_view gap = text.substr(from, to - from);
    const std::size_t begin = gap.rfind(kThought), end = gap.rfind(kEndOfThought);
    if (end != gap.npos) {
      answer_begin = from + end + kEndOfThought.size();
      open = false;
    }
    if (begin != gap.npos && (end == gap.npos || begin > end)) {
      thought_begin = from + begin;
      open = true;
    }
  });
  std::erase_if(passages, [&](const JsonPassage& passage) {
    return passage.begin < answer_begin || (open && passage.begin > thought_begin);
  });
  return open;
}

// A property under another spelling of its name, where the schema would not notice: "" or what is
// wrong.
std::string misspelt_name(const Json& value, const Json& schema) {
  if (value.is_array() && schema.is_object() && schema.contains("items")) {
    for (const Json& item : value) {
      std::string problem = misspelt_name(item, schema["items"]);
      if (!problem.empty()) return problem;
    }
  }
  if (!value.is_object() || !schema.is_object()) return {};
  const Json& properties = properties_of(schema);
  for (const auto& [name, part] : value.items()) {
    if (properties.contains(name)) {
      std::string problem = misspelt_name(part, properties[name]);
      if (!problem.empty()) return problem;
      continue;
    }
    for (const auto& [known, rules] : properties.items()) {
      if (value.contains(known) || lower_case(name) != lower_case(known)) continue;
      return "it has \"" + name + "\" where \"" + known +
             "\" is asked for: names must be spelt exactly so";
    }
  }
  return {};
}

// Whether it holds texts, and all of them are dots: the form of an answer, shown in a prompt.
void look_for_texts(const Json& value, bool& any, bool& any_real) {
  if (value.is_structured()) {
    for (const Json& part : value) look_for_texts(part, any, any_real);
  } else if (value.is_string()) {
    any = true;
    const auto& text = value.get_ref<const std::string&>();
    any_real = any_real || (text != "..." && text != "\u2026");
  }
}

bool is_only_form(const Json& value) {
  bool any = false, any_real = false;
  look_for_texts(value, any, any_real);
  return any && !any_real;
}

// Judges the passages of one text by one schema.
class Judging {
 public:
  Judging(std::string_view text, AnswerValidator& validator)
      : text_(text), validator_(validator), properties_(properties_of(validator.schema())) {}

  StructuredAnswer judge(std::vector<JsonPassage> passages) {
    StructuredAnswer answer;
    const bool open_thought = drop_thoughts(text_, passages);
    for (JsonPassage& passage : passages) look_at(passage, passages.size() == 1);
    if (!failure_.empty()) {
      answer.problem = failure_;
    } else if (different_) {
      answer.problem =
          "there are several different JSON objects that satisfy the schema; the answer must hold "
          "exactly one";
    } else if (value_) {
      answer.value = std::move(value_);
    } else if (!beside_.empty()) {
      answer.problem = beside_;
    } else if (open_thought) {
      answer.problem = "the reasoning was never closed with </think>, so there is no answer";
    } else if (is_blank(text_)) {
      answer.problem = "the answer is empty";
    } else {
      answer.problem = "there is no complete JSON object in the answer";
    }
    return answer;
  }

 private:
  void look_at(JsonPassage& passage, bool alone) {
    if (!passage.problem.empty()) {
      if (names_a_property(text_.substr(passage.begin, passage.end - passage.begin))) {
        failure_ = passage.problem;
      } else {
        beside_ = passage.problem;
      }
      return;
    }
    Json& value = unwrapped(passage.value);
    const bool whole =
        alone && is_frame(text_.substr(0, passage.begin)) && is_frame(text_.substr(passage.end));
    if (value.is_object() && !properties_.is_null()) {
      if (properties_of(value) == properties_) {
        beside_ = "it repeats the JSON Schema; an object that satisfies it is asked for";
        return;
      }
      if (is_only_form(value)) {
        beside_ = "the JSON holds nothing but dots where texts are to be";
        return;
      }
    }
    std::string problem = misspelt_name(value, validator_.schema());
    if (problem.empty()) problem = validator_.problem_of(value);
    if (!problem.empty()) problem = "the JSON does not satisfy the schema: " + problem;
    if (!properties_.is_null() && !whole && !names_a_property(value)) {
      beside_ = problem.empty() ? "the JSON has none of the properties asked for" : problem;
      return;
    }
    failure_ = problem;
    if (!problem.empty()) return;
    different_ = different_ || (value_ && *value_ != value);
    value_ = std::move(value);
  }

  // An object alone in a list, where an object is asked for.
  Json& unwrapped(Json& value) const {
    const bool wrapped = value.is_array() && value.size() == 1 && value.front().is_object();
    return wrapped && !properties_.is_null() ? value.front() : value;
  }

  bool names_a_property(const Json& value) const {
    if (value.is_array()) {
      return std::any_of(value.begin(), value.end(), [this](const Json& item) {
        return item.is_object() && names_a_property(item);
      });
    }
    if (!value.is_object()) return false;
    for (const auto& [name, part] : value.items()) {
      for (const auto& [known, rules] : properties_.items()) {
        if (lower_case(name) == lower_case(known)) return true;
      }
    }
    return false;
  }

  // Of broken JSON, and where the schema names none, any does.
  bool names_a_property(std::string_view broken) const {
    if (properties_.is_null()) return true;
    for (const auto& [known, rules] : properties_.items()) {
      if (broken.find(known) != broken.npos) return true;
    }
    return false;
  }

  const std::string_view text_;
  AnswerValidator& validator_;
  const Json& properties_;
  std::optional<Json> value_;
  bool different_ = false;
  std::string failure_;  // of the last passage that was meant as an answer
  std::string beside_;   // of what was not
};

}  // namespace

Result<AnswerValidator*> AnswerChecker::validator_of(const Json& schema) {
  if (last_ != nullptr && last_->schema() == schema) return last_;
  const std::string schema_text = dump_json(schema);
  auto at = validators_.find(schema_text);
  if (at == validators_.end()) {
    Result<std::unique_ptr<AnswerValidator>> made = AnswerValidator::of(schema);
    if (!made) {
      return Status::run_fault(StatusCode::invalid_argument,
                               "the schema of the answer is no JSON Schema (" +
                                   made.status().message() + "): " + schema_text);
    }
    at = validators_.emplace(schema_text, std::move(*made)).first;
  }
  return last_ = at->second.get();
}

Result<StructuredAnswer> AnswerChecker::check(std::string_view text, const Json& schema) {
  const Result<AnswerValidator*> validator = validator_of(schema);
  if (!validator) return validator.status();
  return Judging(text, **validator).judge(find_json(text));
}

}  // namespace rare::llm
