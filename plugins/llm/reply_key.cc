#include "plugins/llm/reply_key.h"

#include "plugins/digest/sha256.h"
#include "plugins/llm/json_text.h"

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

std::string logical_request(const ChatOptions& options, const std::string& revision,
                            const ChatRequest& request, const Json& generation,
                            const ServiceClient& client) {
  std::string text = "{\"attempt\":" + std::to_string(request.attempt) + ",\"generation\":";
  append_json(generation, text);
  text += ",\"messages\":";
  append_messages(request.messages, {}, text);
  text += ",\"model\":";
  append_json_string(options.model, text);
  if (options.samples != Samples::shared) {
    text += ",\"node\":";
    append_json_string(client.node, text);
  }
  if (options.samples == Samples::per_record) {
    text += ",\"record\":" + std::to_string(request.ordinal);
  }
  if (!revision.empty()) {
    text += ",\"revision\":";
    append_json_string(revision, text);
  }
  if (request.round > 0) text += ",\"round\":" + std::to_string(request.round);
  text += ",\"sample\":" + std::to_string(request.sample) + ",\"schema\":";
  append_json(request.schema, text);
  return text += '}';
}

std::string reply_key(std::string_view logical) { return digest::sha256_hex(logical); }

}  // namespace rare::llm
