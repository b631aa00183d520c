#include "stream_events.h"

#include <algorithm>
#include <utility>

#include "http_server.h"

namespace rare::testing {
namespace {

std::string event_of(const Json& chunk) { return "data: " + chunk.dump() + "\n\n"; }

Json chunk_of(const std::string& model, Json choices) {
  return {{"id", "chatcmpl-test"},
          {"object", "chat.completion.chunk"},
          {"model", model},
          {"choices", std::move(choices)}};
}

Json delta_of(const std::string& model, Json delta, const Json& finish = nullptr) {
  Json choice = {{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", finish}};
  return chunk_of(model, Json::array({std::move(choice)}));
}

Json usage_chunk(const std::string& model) {
  Json chunk = chunk_of(model, Json::array());
  chunk["usage"] = EventTemplate::kMark;
  return chunk;
}

std::string chunk_with(std::string_view bytes) {
  std::string chunk;
  append_chunk(bytes, chunk);
  return chunk;
}

}  // namespace

EventTemplate::EventTemplate(const Json& chunk) {
  const std::string event = event_of(chunk);
  const std::string written = '"' + std::string(kMark) + '"';
  const std::size_t at = event.find(written);
  before_ = event.substr(0, at);
  after_ = event.substr(at + written.size());
}

void EventTemplate::append_text(std::string_view value, std::string& chunks) {
  const bool is_plain = std::none_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
  });
  if (!is_plain) return append_json(Json(value).dump(), chunks);
  event_.assign(before_).append(1, '"').append(value).append(1, '"').append(after_);
  append_chunk(event_, chunks);
}

void EventTemplate::append_json(std::string_view json, std::string& chunks) {
  event_.assign(before_).append(json).append(after_);
  append_chunk(event_, chunks);
}

StreamEvents::StreamEvents(const std::string& model)
    : role(chunk_with(event_of(delta_of(model, {{"role", "assistant"}, {"content", ""}})))),
      content(delta_of(model, {{"content", EventTemplate::kMark}})),
      reasoning(delta_of(model, {{"reasoning_content", EventTemplate::kMark}})),
      finish(delta_of(model, Json::object(), EventTemplate::kMark)),
      usage(usage_chunk(model)),
      done(chunk_with("data: [DONE]\n\n")) {}

}  // namespace rare::testing
