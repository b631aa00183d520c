#include "plugins/llm/completion_body.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

namespace rare::llm {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kOpen = "<think>", kClose = "</think>";

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

Status improper(const std::string& what, std::string_view body) {
  const std::string_view start = body.substr(0, std::min<std::size_t>(body.size(), 200));
  return Status(StatusCode::invalid_data, "status 200 with a body that is no completion (" + what +
                                              "): " + std::string(start));
}

// The text of `field`, or none where it is something else.
std::string text_of(dom::element field) {
  std::string_view text;
  return field.get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// Some servers send the content as a list of parts.
std::string content_of(dom::element content) {
  dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) return text_of(content);
  std::string text;
  for (const dom::element part : parts) {
    dom::object members;
    if (part.get(members) != simdjson::SUCCESS) continue;
    std::string last;
    for (const auto [name, value] : members) {
      if (name == "text") last = text_of(value);
    }
    text += last;
  }
  return text;
}

std::int64_t count_of(dom::element field) {
  std::int64_t whole = 0;
  double number = 0;
  if (field.get(whole) == simdjson::SUCCESS) return whole;
  const bool fits = field.get(number) == simdjson::SUCCESS && std::abs(number) < 1e18;
  return fits ? static_cast<std::int64_t>(number) : 0;
}

void read_usage(dom::element usage, CompletionBody& completion) {
  dom::object members;
  if (usage.get(members) != simdjson::SUCCESS) return;
  for (const auto [name, value] : members) {
    if (name == "prompt_tokens") completion.prompt_tokens = count_of(value);
    if (name == "completion_tokens") completion.completion_tokens = count_of(value);
  }
}

void read_message(dom::object message, CompletionBody& completion) {
  std::string reasoning;
  for (const auto [name, value] : message) {
    if (name == "content") completion.content = content_of(value);
    if (name == "reasoning_content") completion.reasoning = text_of(value);
    if (name == "reasoning") reasoning = text_of(value);
  }
  if (completion.reasoning.empty()) completion.reasoning = std::move(reasoning);
}

// False when there is no message.
bool read_choice(dom::element choice, CompletionBody& completion) {
  dom::object members, message;
  if (choice.get(members) != simdjson::SUCCESS) return false;
  bool has_message = false;
  for (const auto [name, value] : members) {
    if (name == "message") has_message = value.get(message) == simdjson::SUCCESS;
    if (name == "finish_reason") completion.finish_reason = text_of(value);
  }
  if (has_message) read_message(message, completion);
  return has_message;
}

void add_reasoning(std::string& reasoning, std::string_view more) {
  more = trimmed(more);
  if (!reasoning.empty() && !more.empty()) reasoning += "\n";
  reasoning += more;
}

}  // namespace

// simdjson, because a reply is read for every record and several times faster so; every member is
// looked at, because of a name that comes twice the last one counts, as in the rest of the engine.
Result<CompletionBody> parse_completion(std::string_view body) {
  thread_local dom::parser parser;
  dom::object reply;
  if (parser.parse(body.data(), body.size()).get(reply) != simdjson::SUCCESS) {
    // An integer beyond 64 bits, which nlohmann makes a floating-point number.
    const Json lenient = Json::parse(body.begin(), body.end(), nullptr, false);
    if (!lenient.is_object() || parser.parse(lenient.dump()).get(reply) != simdjson::SUCCESS) {
      return improper("not a JSON object, or cut", body);
    }
  }
  CompletionBody completion;
  dom::array choices;
  bool has_error = false, has_choices = false;
  for (const auto [name, value] : reply) {
    if (name == "error") has_error = !value.is_null();
    if (name == "choices") has_choices = value.get(choices) == simdjson::SUCCESS;
    if (name == "model") completion.model = text_of(value);
    if (name == "usage") read_usage(value, completion);
  }
  if (has_error) return improper("an error object", body);
  if (!has_choices || choices.size() == 0) return improper("no choices", body);
  if (!read_choice(*choices.begin(), completion)) {
    return improper("no message in its first choice", body);
  }
  return completion;
}

SplitText split_reasoning(std::string_view content) {
  SplitText split;
  std::string_view rest = trimmed(content);
  while (rest.starts_with(kOpen)) {
    const std::size_t close = rest.find(kClose);
    if (close == std::string_view::npos) {
      add_reasoning(split.reasoning, rest.substr(kOpen.size()));
      split.unclosed = true;
      return split;
    }
    add_reasoning(split.reasoning, rest.substr(kOpen.size(), close - kOpen.size()));
    rest = trimmed(rest.substr(close + kClose.size()));
  }
  const std::size_t close = rest.find(kClose);
  if (split.reasoning.empty() && close != std::string_view::npos && close < rest.find(kOpen)) {
    add_reasoning(split.reasoning, rest.substr(0, close));
    rest = trimmed(rest.substr(close + kClose.size()));
  }
  split.text = std::string(rest);
  return split;
}

}  // namespace rare::llm
