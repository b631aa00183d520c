// ServiceProbe: asks the endpoints of a language-model service a few tokens each, and says what
// works.
//
// It has a loop of its own while it asks, so that a run, which never asks it, pays nothing for it,
// and neither the reply store nor the client's accounts hear of it.
//
// Thread-safety: probe() from one thread at a time; everything else from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "plugins/llm/chat_options.h"
#include "plugins/llm/secret_mask.h"
#include "plugins/net/http_loop.h"
#include "rare/model_probe.h"

namespace rare::llm {

class ServiceProbe final : public ModelProbe {
 public:
  explicit ServiceProbe(ChatOptions options);

  Result<ModelReport> probe(std::chrono::milliseconds request_timeout) override;
  // What is asked now ends soon, and nothing is asked from here on: ProbeOutcome::cancelled.
  void cancel();

  // For managed endpoints (ChatOptions::managed): `needed` is called by probe(), which then waits
  // for one of the other two. Set before probe().
  void on_endpoint_needed(std::function<void()> needed) { endpoint_needed_ = std::move(needed); }
  void endpoint_up(std::string url, std::string api_key, std::string model);
  void endpoint_failed(Status fault);

 private:
  struct Target {
    std::string url;  // .../chat/completions
    std::string api_key;
    std::string model;
  };
  class Conversation;

  Result<std::vector<Target>> targets();
  void use_loop(net::HttpLoop* loop);

  const ChatOptions options_;
  const SecretMask secrets_;
  std::function<void()> endpoint_needed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;         // guarded by mutex_
  std::optional<Target> managed_;  // guarded by mutex_
  std::optional<Status> fault_;    // guarded by mutex_
  net::HttpLoop* loop_ = nullptr;  // guarded by mutex_: while probe() asks
};

}  // namespace rare::llm
