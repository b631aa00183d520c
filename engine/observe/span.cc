#include "engine/observe/span.h"

#include <array>
#include <cstdio>

#include "rare/json.h"

namespace rare::engine {
namespace {

constexpr int kStatusError = 2;

std::string hex_id(std::uint64_t id) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(id));
  return text.data();
}

Json any_value(const Span::Value& value) {
  if (const auto* const text = std::get_if<std::string>(&value)) return {{"stringValue", *text}};
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    return {{"intValue", std::to_string(*number)}};
  }
  if (const auto* const number = std::get_if<double>(&value)) return {{"doubleValue", *number}};
  return {{"boolValue", std::get<bool>(value)}};
}

Json json_of(const Span& span) {
  Json json = {{"traceId", hex_id(span.trace_high) + hex_id(span.trace_low)},
               {"spanId", hex_id(span.id)},
               {"name", span.name},
               {"kind", static_cast<int>(span.kind)},
               {"startTimeUnixNano", std::to_string(span.begin_unix_ns)},
               {"endTimeUnixNano", std::to_string(span.end_unix_ns)}};
  if (span.parent != 0) json["parentSpanId"] = hex_id(span.parent);
  for (const auto& [key, value] : span.attributes) {
    json["attributes"].push_back({{"key", key}, {"value", any_value(value)}});
  }
  if (span.failed) json["status"] = {{"code", kStatusError}, {"message", span.error}};
  return json;
}

}  // namespace

std::string otlp_json(const TraceTarget::Pairs& resource, const std::string& version,
                      const std::vector<Span>& spans) {
  Json attributes = Json::array(), all = Json::array();
  for (const auto& [key, value] : resource) {
    attributes.push_back({{"key", key}, {"value", {{"stringValue", value}}}});
  }
  for (const Span& span : spans) all.push_back(json_of(span));
  Json scope = {{"scope", {{"name", "rare-engine"}, {"version", version}}},
                {"spans", std::move(all)}};
  Json of_process = {{"resource", {{"attributes", std::move(attributes)}}},
                     {"scopeSpans", Json::array({std::move(scope)})}};
  return Json{{"resourceSpans", Json::array({std::move(of_process)})}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rare::engine
