#include "plugins/llm/completion_body.h"

#include <algorithm>
#include <cctype>

namespace rare::llm {
namespace {

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

std::string text_field(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

// Some servers send the content as a list of parts.
std::string content_of(const Json& message) {
  const auto content = message.find("content");
  if (content == message.end() || !content->is_array()) return text_field(message, "content");
  std::string text;
  for (const Json& part : *content) {
    if (part.is_object()) text += text_field(part, "text");
  }
  return text;
}

std::int64_t count_field(const Json& usage, const char* name) {
  const auto at = usage.find(name);
  return at != usage.end() && at->is_number() ? at->get<std::int64_t>() : 0;
}

void add_reasoning(std::string& reasoning, std::string_view more) {
  more = trimmed(more);
  if (!reasoning.empty() && !more.empty()) reasoning += "\n";
  reasoning += more;
}

}  // namespace

Result<CompletionBody> parse_completion(std::string_view body) {
  const Json reply = Json::parse(body.begin(), body.end(), nullptr, false);
  if (!reply.is_object()) return improper("not a JSON object, or cut", body);
  const auto error = reply.find("error");
  const auto choices = reply.find("choices");
  if (error != reply.end() && !error->is_null()) return improper("an error object", body);
  if (choices == reply.end() || !choices->is_array() || choices->empty()) {
    return improper("no choices", body);
  }
  const Json& choice = choices->front();
  if (!choice.is_object() || !choice.contains("message") || !choice["message"].is_object()) {
    return improper("no message in its first choice", body);
  }
  const Json& message = choice["message"];
  CompletionBody completion;
  completion.content = content_of(message);
  completion.reasoning = text_field(message, "reasoning_content");
  if (completion.reasoning.empty()) completion.reasoning = text_field(message, "reasoning");
  completion.finish_reason = text_field(choice, "finish_reason");
  completion.model = text_field(reply, "model");
  const auto usage = reply.find("usage");
  if (usage != reply.end() && usage->is_object()) {
    completion.prompt_tokens = count_field(*usage, "prompt_tokens");
    completion.completion_tokens = count_field(*usage, "completion_tokens");
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
