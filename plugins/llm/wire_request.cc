#include "plugins/llm/wire_request.h"

#include <algorithm>

#include "plugins/llm/json_text.h"

namespace rare::llm {
namespace {

// At 20 to 30 tokens a second more than a minute, after which common gateways cut a silent answer.
constexpr double kShortAnswerTokens = 2000;

constexpr const char* kMessages = "messages";

// What takes the place of response_format where the endpoint knows none.
std::string schema_instruction(const Json& schema) {
  return "\n\nAnswer with one JSON object that satisfies this JSON Schema, and with nothing "
         "else:\n" +
         dump_json(schema);
}

// The body as text, with the messages in the place of its null.
std::string with_messages(const Json& body, const std::vector<ChatMessage>& messages,
                          std::string_view more) {
  std::string text;
  for (const auto& [name, value] : body.items()) {
    text += text.empty() ? '{' : ',';
    append_json_string(name, text);
    text += ':';
    if (name == kMessages && value.is_null()) {
      append_messages(messages, more, text);
    } else {
      append_json(value, text);
    }
  }
  return text += '}';
}

}  // namespace

bool is_strict_schema(const Json& schema) {
  if (!schema.is_object()) return false;
  const auto properties = schema.find("properties");
  if (properties != schema.end()) {
    if (!properties->is_object()) return false;
    if (schema.value("additionalProperties", Json(true)) != Json(false)) return false;
    const Json required = schema.value("required", Json::array());
    for (const auto& [name, sub] : properties->items()) {
      if (std::find(required.begin(), required.end(), Json(name)) == required.end()) return false;
      if (!is_strict_schema(sub)) return false;
    }
  }
  return !schema.contains("items") || is_strict_schema(schema["items"]);
}

std::string wire_body(const std::string& model, const ChatRequest& request, const Json& generation,
                      Structured form, Streaming streaming) {
  const bool has_schema = !request.schema.is_null();
  Json body = {{"model", model}, {kMessages, nullptr}};
  if (has_schema && form == Structured::json_schema) {
    Json named = {{"name", request.schema_name}, {"schema", request.schema}};
    if (is_strict_schema(request.schema)) named["strict"] = true;
    body["response_format"] = {{"type", "json_schema"}, {"json_schema", std::move(named)}};
  } else if (has_schema && form == Structured::json_object) {
    body["response_format"] = {{"type", "json_object"}};
  }
  if (streaming != Streaming::off) body["stream"] = true;
  if (streaming == Streaming::with_usage) body["stream_options"] = {{"include_usage", true}};
  for (const auto& [name, value] : generation.items()) {
    if (name == "extra_body") {
      body.update(value);
    } else if (!value.is_null()) {
      body[name] = value;
    }
  }
  std::string more;
  if (has_schema && form != Structured::json_schema) more = schema_instruction(request.schema);
  return with_messages(body, request.messages, more);
}

bool may_be_long(const Json& generation) {
  const Json extra = generation.value("extra_body", Json::object());
  for (const Json& most :
       {generation.value("max_tokens", Json()), extra.value("max_completion_tokens", Json()),
        extra.value("max_tokens", Json())}) {
    if (most.is_number()) return most.get<double>() > kShortAnswerTokens;
  }
  return true;
}

double estimated_tokens(const ChatRequest& request, const Json& generation) {
  double bytes = 0;
  for (const ChatMessage& message : request.messages) {
    bytes += static_cast<double>(message.content.size());
  }
  const auto most = generation.find("max_tokens");
  return bytes / 4 + (most != generation.end() && most->is_number() ? most->get<double>() : 256);
}

}  // namespace rare::llm
