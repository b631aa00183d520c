#include "plugins/llm/reply_key.h"

#include "plugins/digest/sha256.h"

namespace rare::llm {

Json merged_generation(const Json& service, const Json& request) {
  Json merged = service.is_object() ? service : Json::object();
  if (!request.is_object()) return merged;
  for (const auto& [name, value] : request.items()) {
    if (name == "extra_body" && value.is_object() && merged.contains(name)) {
      merged[name].update(value);
    } else {
      merged[name] = value;
    }
  }
  return merged;
}

Json logical_request(const ChatOptions& options, const std::string& revision,
                     const ChatRequest& request, const Json& generation,
                     const ServiceClient& client) {
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages) {
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  Json logical = {{"model", options.model},   {"messages", std::move(messages)},
                  {"generation", generation}, {"schema", request.schema},
                  {"sample", request.sample}, {"attempt", request.attempt}};
  if (request.round > 0) logical["round"] = request.round;
  if (!revision.empty()) logical["revision"] = revision;
  if (options.samples != Samples::shared) logical["node"] = client.node;
  if (options.samples == Samples::per_record) logical["record"] = request.ordinal;
  return logical;
}

std::string reply_key(std::string_view logical) { return digest::sha256_hex(logical); }

}  // namespace rare::llm
