#include "plugins/llm/chat_service.h"

#include <algorithm>
#include <array>

namespace rare::llm {
namespace {

constexpr std::array<std::string_view, 6> kGenerationFields = {
    "temperature", "top_p", "max_tokens", "seed", "stop", "extra_body"};

Status wrong(const ServiceContext& context, const std::string& what) {
  return Status::run_fault(StatusCode::invalid_argument,
                           "service '" + context.name() + "': " + what);
}

Status check_generation(const ServiceContext& context, const Json& generation) {
  if (!generation.is_object()) {
    return wrong(context, "`generation` must be a map, like {temperature: 0.8, max_tokens: 400}");
  }
  for (const auto& [name, value] : generation.items()) {
    if (std::find(kGenerationFields.begin(), kGenerationFields.end(), name) ==
        kGenerationFields.end()) {
      return wrong(context, "`generation` has no field \"" + name +
                                "\"; it knows temperature, top_p, max_tokens, seed, stop and "
                                "extra_body, which takes any other field of the endpoint");
    }
    if (name == "extra_body" && !value.is_object()) {
      return wrong(context,
                   "`generation.extra_body` must be a map of fields for the request's body");
    }
  }
  return Status();
}

ReplyStore::Scope scope_of(const std::string& cache) {
  const bool earlier_runs = cache == "on" || cache == "read";
  return earlier_runs ? ReplyStore::Scope::any_run : ReplyStore::Scope::this_run;
}

Samples samples_of(const std::string& samples) {
  if (samples == "per_node") return Samples::per_node;
  return samples == "per_record" ? Samples::per_record : Samples::shared;
}

Structured structured_of(const std::string& structured) {
  if (structured == "json_schema") return Structured::json_schema;
  if (structured == "json_object") return Structured::json_object;
  return structured == "prompt" ? Structured::prompt : Structured::automatic;
}

}  // namespace

// One node's way to the model: says for whom it asks.
class ChatService::Connection final : public LanguageModel {
 public:
  Connection(ChatClient& client, ServiceClient asker) : client_(client), asker_(std::move(asker)) {}
  Awaitable<Result<ChatReply>> chat(ChatRequest request) override {
    return client_.chat(std::move(request), asker_);
  }

 private:
  ChatClient& client_;
  const ServiceClient asker_;
};

ChatService::ChatService() = default;
ChatService::~ChatService() = default;

void* ChatService::connect(std::string_view interface, const ServiceClient& client) {
  if (!client_) return nullptr;
  if (interface == ModelProbe::kInterface) return static_cast<ModelProbe*>(probe_.get());
  if (interface != LanguageModel::kInterface) return nullptr;
  const std::lock_guard lock(mutex_);
  connections_.push_back(std::make_unique<Connection>(*client_, client));
  return static_cast<LanguageModel*>(connections_.back().get());
}

Json ChatService::usage() const { return client_ ? client_->usage() : Json::object(); }
std::string ChatService::activity() const { return client_ ? client_->activity() : std::string(); }

void ChatService::cancel() {
  if (client_) client_->cancel();
  if (probe_) probe_->cancel();
}

void ChatService::stop_asking() {
  if (client_) client_->fail(Status::cancelled());
}

Result<ChatOptions> ChatService::shared_options(const ServiceContext& context) const {
  if (Status status = check_generation(context, generation_); !status) return status;
  if (!extra_body_.is_object()) {
    return wrong(context, "`extra_body` must be a map of fields for the request's body");
  }
  ChatOptions options;
  options.service = context.name();
  options.max_retries = max_retries_;
  options.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout_s_ * 1000));
  options.scope = scope_of(cache_);
  options.revision = cache_revision_;
  options.samples = samples_of(samples_);
  options.structured = structured_of(structured_);
  options.generation = generation_;
  if (!extra_body_.empty()) {
    Json merged = extra_body_;
    merged.update(generation_.value("extra_body", Json::object()));
    options.generation["extra_body"] = std::move(merged);
  }
  return options;
}

Status ChatService::start_client(ServiceContext& context, ChatOptions options) {
  const Result<ReplyStore*> replies = context.replies_in(cache_file_);
  if (!replies) return replies.status();
  probe_ = std::make_unique<ServiceProbe>(options);
  client_ = std::make_unique<ChatClient>(context, **replies, std::move(options));
  return Status();
}

}  // namespace rare::llm
