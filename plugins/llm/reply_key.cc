#include "plugins/llm/reply_key.h"

#include <openssl/evp.h>

namespace rare::llm {

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  std::string text;
  constexpr char kDigits[] = "0123456789abcdef";
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

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

std::string reply_key(const Json& logical) { return sha256_hex(dump_json(logical)); }

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rare::llm
