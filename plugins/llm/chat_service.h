// What every language-model service here has in common: shared parameters, clients, accounting.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/llm/chat_client.h"
#include "plugins/llm/chat_options.h"
#include "plugins/llm/model_probe.h"
#include "rare/service.h"
#include "rare/spec.h"

namespace rare::llm {

class ChatService : public Service {
 public:
  ChatService();
  ~ChatService() override;

  void* connect(std::string_view interface, const ServiceClient& client) override;
  Json usage() const override;
  std::string activity() const override;
  void cancel() override;
  void stop_asking() override;

 protected:
  // Declares the parameters below for the component T, which derives from this class.
  template <class T>
  static void add_shared_params(Spec& spec);

  // The options that follow from the shared parameters, or what is wrong with them.
  Result<ChatOptions> shared_options(const ServiceContext& context) const;
  Status start_client(ServiceContext& context, ChatOptions options);
  ChatClient& client() { return *client_; }
  ServiceProbe& probe() { return *probe_; }  // what `check-models` asks with
  // Ends the client: what is unanswered completes as cancelled. For destructors of derived classes
  // whose members the client's callbacks use.
  void stop_client() { client_.reset(); }

  int max_retries_ = 6;
  double timeout_s_ = 1800;
  std::string cache_ = "on", cache_file_, cache_revision_, samples_ = "shared",
              structured_ = "auto";
  Json extra_body_ = Json::object(), generation_ = Json::object();

 private:
  class Connection;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> connections_;  // guarded by mutex_
  std::unique_ptr<ServiceProbe> probe_;
  std::unique_ptr<ChatClient> client_;
};

template <class T>
void ChatService::add_shared_params(Spec& spec) {
  spec.param(static_cast<int T::*>(&T::max_retries_), "max_retries", 6,
             "How often a call is asked again after a passing fault (408, 409, 425, 5xx, lost "
             "connection), with growing, random waits; Retry-After is obeyed. After 429 and 503, "
             "which are about the endpoint, ten times as often.")
      .range(0, 100)
      .no_effect_on_result()
      .param(static_cast<double T::*>(&T::timeout_s_), "timeout_s", 1800.0,
             "Longest time for one call.")
      .range(0.001, 86400)
      .unit("s")
      .no_effect_on_result()
      .param(static_cast<std::string T::*>(&T::cache_), "cache", "on",
             "Whether replies stored by earlier runs answer equal requests: on and read say yes, "
             "off and refresh ask anew. Replies of this run are always stored and used.")
      .choices({"on", "off", "read", "refresh"})
      .no_effect_on_result()
      .param(static_cast<std::string T::*>(&T::cache_file_), "cache_file", "",
             "The reply store of this service, for several pipelines to share or to keep apart; "
             "empty: the run's (--cache).")
      .no_effect_on_result()
      .param(static_cast<std::string T::*>(&T::cache_revision_), "cache_revision", "",
             "Part of what identifies a stored reply: another text asks everything anew, for "
             "example after the model behind a name has changed.")
      .param(
          static_cast<std::string T::*>(&T::samples_), "samples", "shared",
          "Which equal requests share one reply: all (shared), those of a node (per_node), those "
          "a node makes from one source record (per_record).")
      .choices({"shared", "per_node", "per_record"})
      .param(static_cast<std::string T::*>(&T::structured_), "structured", "auto",
             "How an answer's JSON Schema is asked for: by response_format json_schema or "
             "json_object, or in words (prompt). auto begins with json_schema and steps down when "
             "the endpoint refuses it. Answers are checked against the schema in any case.")
      .choices({"auto", "json_schema", "json_object", "prompt"})
      .no_effect_on_result()
      .param(static_cast<Json T::*>(&T::generation_), "generation", Json::object(),
             "Sampling for requests that do not say otherwise: temperature, top_p, max_tokens, "
             "seed, stop, extra_body.")
      .param(static_cast<Json T::*>(&T::extra_body_), "extra_body", Json::object(),
             "Further fields of each request's body, as the endpoint knows them.");
}

}  // namespace rare::llm
