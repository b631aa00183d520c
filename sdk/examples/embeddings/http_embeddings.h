// embeddings.http: a service that has an endpoint of the OpenAI protocol embed texts.
#pragma once

#include <curl/curl.h>
#include <rare/sdk.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace embeddings {

// What operators know of the service.
class Embeddings {
 public:
  static constexpr std::string_view kInterface = "embeddings.Embeddings/1";
  virtual ~Embeddings() = default;
  using Vector = std::vector<float>;
  // Any thread.
  virtual rare::Awaitable<rare::Result<Vector>> embed(std::string text) = 0;
};

// A few threads, each with a connection that it keeps. A plugin that needs hundreds of calls at
// once has one thread with curl's multi interface instead.
class HttpEmbeddings final : public rare::Service, public Embeddings {
 public:
  static rare::Spec spec() {
    return rare::Spec("embeddings.http")
        .summary("Embeds texts by an HTTP endpoint of the OpenAI protocol.")
        .required_param(&HttpEmbeddings::url_, "url", "Where texts are posted: .../v1/embeddings.")
        .required_param(&HttpEmbeddings::model_, "model", "The model's name.")
        .param(&HttpEmbeddings::key_, "api_key", "", "Sent as the bearer; empty: none is sent.")
        .secret()
        .param(&HttpEmbeddings::threads_, "max_in_flight", 8, "Most calls at once.")
        .range(1, 64)
        .no_effect_on_result()
        .param(&HttpEmbeddings::max_retries_, "max_retries", 4, "Most repetitions of a call.")
        .at_least(0)
        .no_effect_on_result()
        .param(&HttpEmbeddings::timeout_s_, "timeout_s", 60, "Longest time of one call.")
        .at_least(1)
        .unit("s")
        .no_effect_on_result();
  }

  ~HttpEmbeddings() override {
    cancel();
    for (std::jthread& worker : workers_) worker.request_stop();
    wake_.notify_all();
  }

  rare::Status open(rare::ServiceContext& context) override {
    context_ = &context;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (int i = 0; i < threads_; ++i) {
      workers_.emplace_back([this](std::stop_token stop) { work(stop); });
    }
    return rare::Status();
  }

  void* connect(std::string_view interface, const rare::ServiceClient&) override {
    return interface == Embeddings::kInterface ? static_cast<Embeddings*>(this) : nullptr;
  }

  rare::Awaitable<rare::Result<Vector>> embed(std::string text) override {
    auto pair = context_->completion<rare::Result<Vector>>();
    {
      const std::lock_guard lock(mutex_);
      if (!refuses_) {
        pair.completion.pause_time_limit();  // until a thread takes it
        queue_.push_back({std::move(text), pair.completion});
        wake_.notify_one();
        return std::move(pair.awaitable);
      }
    }
    pair.completion.set(rare::Status::cancelled());
    return std::move(pair.awaitable);
  }

  int concurrency() const override { return threads_; }
  rare::Json usage() const override {
    return {{"calls", calls_.load()}, {"retries", retries_.load()}};
  }
  // What nobody works on yet ends; calls that are on their way are paid for and come in.
  void stop_asking() override {
    std::deque<Request> waiting;
    {
      const std::lock_guard lock(mutex_);
      refuses_ = true;
      waiting.swap(queue_);
    }
    wake_.notify_all();
    refused_.notify_all();
    for (const Request& request : waiting) request.completion.set(rare::Status::cancelled());
  }
  void cancel() override {
    cut_ = true;
    stop_asking();
  }

 private:
  struct Request {
    std::string text;
    rare::Completion<rare::Result<Vector>> completion;
  };
  struct Reply {
    CURLcode transport = CURLE_OK;
    long code = 0;
    std::string body;
  };
  struct Closing {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  void work(std::stop_token stop) {
    const std::unique_ptr<CURL, Closing> handle(curl_easy_init());
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [this] { return !queue_.empty(); })) {
      const Request request = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      request.completion.resume_time_limit();
      request.completion.set(answer(handle.get(), request.text));
      lock.lock();
    }
  }

  rare::Result<Vector> answer(CURL* handle, const std::string& text) {
    const std::string body = rare::Json{{"model", model_}, {"input", text}}.dump(
        -1, ' ', false, rare::Json::error_handler_t::replace);
    for (int attempt = 0;; ++attempt) {
      ++calls_;
      const Reply reply = post(handle, body);
      // What was answered is paid for and comes in, whatever was cut meanwhile.
      if (cut_ && reply.transport != CURLE_OK) return rare::Status::cancelled();
      const bool passing = reply.transport != CURLE_OK || reply.code == 429 || reply.code >= 500;
      if (!passing) return read(reply);
      if (attempt == max_retries_) return gone(reply);
      ++retries_;
      std::unique_lock lock(mutex_);
      // 0.25 s, 0.5 s, 1 s, ..., and not on after a fault of the run.
      refused_.wait_for(lock, std::chrono::milliseconds(250) * (1 << std::min(attempt, 7)),
                        [this] { return refuses_; });
      if (refuses_) return rare::Status::cancelled();
    }
  }

  Reply post(CURL* handle, const std::string& body) {
    Reply reply;
    std::unique_ptr<curl_slist, Closing> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"));
    if (!key_.empty()) curl_slist_append(headers.get(), ("Authorization: Bearer " + key_).c_str());
    curl_easy_setopt(handle, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, static_cast<long>(timeout_s_));
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reply.body);
    curl_easy_setopt(
        handle, CURLOPT_WRITEFUNCTION,
        +[](char* bytes, std::size_t, std::size_t count, void* into) {
          static_cast<std::string*>(into)->append(bytes, count);
          return count;
        });
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, this);
    curl_easy_setopt(
        handle, CURLOPT_XFERINFOFUNCTION,
        // Not what has come in whole: it is paid for.
        +[](void* self, curl_off_t size, curl_off_t come, curl_off_t, curl_off_t) {
          const bool whole = come > 0 && come >= size;
          return static_cast<HttpEmbeddings*>(self)->cut_ && !whole ? 1 : 0;
        });
    reply.transport = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.code);
    return reply;
  }

  std::string told(const Reply& reply) const {
    return url_ + (reply.transport != CURLE_OK
                       ? std::string(": ") + curl_easy_strerror(reply.transport)
                       : " answered with the code " + std::to_string(reply.code));
  }
  // Every record would meet the same: a later start may find the endpoint there.
  rare::Status gone(const Reply& reply) const {
    return rare::Status::run_fault(
        rare::StatusCode::unavailable,
        told(reply) + ", " + std::to_string(max_retries_ + 1) + " times");
  }

  rare::Result<Vector> read(const Reply& reply) const {
    if (reply.code == 401 || reply.code == 403) {
      return rare::Status::run_fault(rare::StatusCode::permission_denied,
                                     told(reply) + ": check api_key");
    }
    if (reply.code == 404) {
      return rare::Status::run_fault(rare::StatusCode::invalid_argument,
                                     told(reply) + ": check url and model");
    }
    const rare::Json answer = rare::Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
    const auto place = rare::Json::json_pointer("/data/0/embedding");
    if (reply.code == 200 && answer.is_object() && answer.contains(place)) {
      const rare::Json& vector = answer.at(place);
      const bool numbers = vector.is_array() && !vector.empty() &&
                           std::all_of(vector.begin(), vector.end(),
                                       [](const rare::Json& value) { return value.is_number(); });
      if (numbers) return vector.get<Vector>();
    }
    rare::Status status(rare::StatusCode::invalid_data,
                        told(reply) + ", expected 200 and numbers at data[0].embedding");
    return std::move(status).with_raw(reply.body);
  }

  std::string url_, model_, key_;
  int threads_ = 8, max_retries_ = 4, timeout_s_ = 60;
  rare::ServiceContext* context_ = nullptr;
  std::atomic<std::uint64_t> calls_{0}, retries_{0};
  std::atomic<bool> cut_{false};
  std::mutex mutex_;
  std::condition_variable_any wake_;     // threads without work
  std::condition_variable_any refused_;  // threads that wait to ask again: no work is for them
  bool refuses_ = false;
  std::deque<Request> queue_;
  std::vector<std::jthread> workers_;
};

}  // namespace embeddings
