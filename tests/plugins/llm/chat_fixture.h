// What tests of the chat client share: an endpoint in this process whose replies the test decides,
// a store that can be slow or fail, and ways to ask.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http_server.h"
#include "plugins/llm/chat_client.h"
#include "rare/testing/harness.h"

namespace rare::llm {

inline testing::HttpResponse http(int status, std::string body) {
  testing::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

inline std::string completion_json(const std::string& content, const std::string& finish = "stop") {
  const Json message = {{"role", "assistant"}, {"content", content}};
  const Json choice = {{"index", 0}, {"message", message}, {"finish_reason", finish}};
  const Json usage = {{"prompt_tokens", 7}, {"completion_tokens", 3}};
  return Json{{"model", "m-1"}, {"choices", Json::array({choice})}, {"usage", usage}}.dump();
}

inline testing::HttpResponse answer(const std::string& content) {
  return http(200, completion_json(content));
}

// Answers call number n (from 0) with what `script` gives for it.
class ScriptedEndpoint {
 public:
  using Script = std::function<testing::HttpResponse(int call, const std::string& body)>;
  explicit ScriptedEndpoint(Script script)
      : script_(std::move(script)),
        server_([this](const testing::HttpRequest& request, testing::HttpServer::Reply reply) {
          std::unique_lock lock(mutex_);
          const int call = static_cast<int>(bodies_.size());
          bodies_.emplace_back(request.body);
          authorizations_.emplace_back(request.header("authorization"));
          lock.unlock();
          reply.send(script_(call, std::string(request.body)));
        }) {
    server_.start();
  }
  std::string url() const { return server_.url() + "/v1/chat/completions"; }
  std::vector<std::string> bodies() const {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  std::vector<std::string> authorizations() const {
    const std::lock_guard lock(mutex_);
    return authorizations_;
  }
  int calls() const { return static_cast<int>(bodies().size()); }

 private:
  Script script_;
  mutable std::mutex mutex_;
  std::vector<std::string> bodies_, authorizations_;
  testing::HttpServer server_;
};

// Keeps every call until the test answers it.
class HoldingEndpoint {
 public:
  HoldingEndpoint()
      : server_([this](const testing::HttpRequest& request, testing::HttpServer::Reply reply) {
          const std::lock_guard lock(mutex_);
          bodies_.emplace_back(request.body);
          held_.push_back(reply);
          changed_.notify_all();
        }) {
    server_.start();
  }
  std::string url() const { return server_.url() + "/v1/chat/completions"; }
  // Waits until `count` calls have come in all.
  void wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return bodies_.size() >= count; });
  }
  // Answers the oldest call that is not answered yet.
  void answer_oldest(const std::string& content = "fine") {
    const std::lock_guard lock(mutex_);
    held_.at(answered_++).send(answer(content));
  }
  void refuse_oldest() {
    const std::lock_guard lock(mutex_);
    held_.at(answered_++).send(http(503, "{}"));
  }
  std::size_t calls() const {
    const std::lock_guard lock(mutex_);
    return bodies_.size();
  }
  std::string body(std::size_t call) const {
    const std::lock_guard lock(mutex_);
    return bodies_.at(call);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> bodies_;
  std::vector<testing::HttpServer::Reply> held_;
  std::size_t answered_ = 0;
  testing::HttpServer server_;
};

// A store whose put() waits for the test, or fails.
class HeldStore final : public ReplyStore {
 public:
  using Found = std::function<void(Result<std::optional<StoredReply>>)>;
  void find(std::string key, Scope, Found done) override {
    keys.push_back(std::move(key));  // on the client's loop only
    done(find_status.ok() ? Result<std::optional<StoredReply>>(std::optional<StoredReply>())
                          : Result<std::optional<StoredReply>>(find_status));
  }
  void put(std::string, StoredReply reply, std::function<void(Status)> done) override {
    const std::lock_guard lock(mutex_);
    stored.push_back(std::move(reply));
    waiting_.push_back(std::move(done));
    changed_.notify_all();
  }
  void asked(const std::string& key, const std::string& service) override {
    const std::lock_guard lock(mutex_);
    told.push_back("asked for " + service);
    asked_keys.push_back(key);
  }
  void ended(const std::string& key, Ending ending) override {
    const std::lock_guard lock(mutex_);
    const bool known = std::find(asked_keys.begin(), asked_keys.end(), key) != asked_keys.end();
    told.push_back(!known ? "unknown" : ending == Ending::lost ? "lost" : "refused");
  }
  std::vector<std::string> everything_told() {
    const std::lock_guard lock(mutex_);
    return told;
  }
  void wait_for_puts(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() >= count; });
  }
  void finish_all(const Status& status) {
    std::vector<std::function<void(Status)>> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (const auto& done : waiting) done(status);
  }

  Status find_status;
  std::vector<std::string> keys;
  std::vector<StoredReply> stored;
  std::vector<std::string> told, asked_keys;  // of asked() and ended()

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void(Status)>> waiting_;
};

using testing::StoreContext;

// Quick retries: 1 ms and more.
inline ChatOptions options_for(const std::string& url) {
  ChatOptions options;
  options.service = "teacher";
  options.endpoints = {url};
  options.model = "m-1";
  options.backoff_first = std::chrono::milliseconds(1);
  options.backoff_longest = std::chrono::milliseconds(4);
  return options;
}

inline ChatRequest question(const std::string& text) {
  std::vector<ChatMessage> messages;
  messages.emplace_back("user", text);
  return ChatRequest(std::move(messages));
}

// Waits until the client says of itself, among other things, `words`.
inline void wait_for_activity(const ChatClient& client, const std::string& words) {
  while (client.activity().find(words) == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

inline Result<ChatReply> ask(ChatClient& client, ChatRequest request,
                             const ServiceClient& from = {"node", 1}) {
  return testing::wait_for(client.chat(std::move(request), from));
}

inline Result<ChatReply> ask(ChatClient& client, const std::string& text) {
  return ask(client, question(text));
}

}  // namespace rare::llm
