#include "asked_chat.h"

#include <simdjson.h>

#include <unordered_map>

namespace rare::testing {
namespace {

namespace dom = simdjson::dom;

std::string string_in(dom::element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::uint64_t number_in(dom::element value) {
  std::uint64_t number = 0;
  return value.get(number) == simdjson::SUCCESS ? number : 0;
}

bool is_true(dom::element value) {
  bool flag = false;
  return value.get(flag) == simdjson::SUCCESS && flag;
}

// Whole runs have one schema or two.
std::shared_ptr<const Json> schema_of(dom::element value) {
  thread_local std::unordered_map<std::string, std::shared_ptr<const Json>> known;
  std::shared_ptr<const Json>& schema = known[simdjson::minify(value)];
  if (!schema) schema = std::make_shared<const Json>(Json::parse(simdjson::minify(value)));
  return schema;
}

void read_format(dom::element value, AskedChat& asked) {
  dom::object format, named;
  if (value.get(format) != simdjson::SUCCESS) return;
  dom::element member;
  if (format["type"].get(member) == simdjson::SUCCESS) asked.format = string_in(member);
  if (format["json_schema"].get(named) != simdjson::SUCCESS) return;
  if (named["schema"].get(member) == simdjson::SUCCESS) asked.schema = schema_of(member);
}

void read_messages(dom::element value, AskedChat& asked) {
  dom::array messages;
  if (value.get(messages) != simdjson::SUCCESS) return;
  asked.is_proper = true;
  for (const dom::element message : messages) {
    dom::element content;
    if (message["content"].get(content) == simdjson::SUCCESS) asked.prompt += string_in(content);
  }
}

}  // namespace

AskedChat read_chat(std::string_view body) {
  thread_local dom::parser parser;
  AskedChat asked;
  dom::object members;
  if (parser.parse(body.data(), body.size()).get(members) != simdjson::SUCCESS) return asked;
  for (const auto [name, value] : members) {
    if (name == "messages") read_messages(value, asked);
    if (name == "model") asked.model = string_in(value);
    if (name == "seed") asked.seed = number_in(value);
    if (name == "stream") asked.stream = is_true(value);
    if (name == "response_format") read_format(value, asked);
    if (name != "stream_options") continue;
    asked.has_stream_options = true;
    dom::element usage;
    asked.include_usage = value["include_usage"].get(usage) == simdjson::SUCCESS && is_true(usage);
  }
  return asked;
}

}  // namespace rare::testing
