// Limits that endpoints have and announce, capacities that change, endpoints that go and return.
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catch.h"
#include "chat_fixture.h"

using namespace rare;
using namespace rare::llm;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

// So many requests in each window of time, and says so.
class FixedWindow {
 public:
  FixedWindow(int limit, Clock::duration window) : limit_(limit), window_(window) {}

  testing::HttpResponse serve() {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now >= ends_) {
      ends_ = now + window_;
      used_ = 0;
    }
    const bool refuse = used_ >= limit_;
    if (!refuse) ++used_;
    testing::HttpResponse response = refuse ? http(429, "") : answer("x");
    const auto left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(ends_ - now).count();
    response.headers = {{"X-RateLimit-Limit-Requests", std::to_string(limit_)},
                        {"X-RateLimit-Remaining-Requests", std::to_string(limit_ - used_)},
                        {"X-RateLimit-Reset-Requests", std::to_string(left_ms + 1) + "ms"}};
    return response;
  }

 private:
  const int limit_;
  const Clock::duration window_;
  std::mutex mutex_;
  Clock::time_point ends_{};
  int used_ = 0;
};

// So many requests at once, one more every `refill`, and says so.
class Bucket {
 public:
  Bucket(int limit, Clock::duration refill) : limit_(limit), refill_(refill), filled_(limit) {}

  testing::HttpResponse serve() {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    filled_ =
        std::min<double>(limit_, filled_ + (now - last_) / std::chrono::duration<double>(refill_));
    last_ = now;
    const bool refuse = filled_ < 1;
    if (!refuse) filled_ -= 1;
    testing::HttpResponse response = refuse ? http(429, "") : answer("x");
    const auto full_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>((limit_ - filled_) * refill_);
    response.headers = {
        {"x-ratelimit-limit-requests", std::to_string(limit_)},
        {"x-ratelimit-remaining-requests", std::to_string(static_cast<int>(filled_))},
        {"x-ratelimit-reset-requests", std::to_string(full_ms.count()) + "ms"}};
    return response;
  }

 private:
  const int limit_;
  const Clock::duration refill_;
  std::mutex mutex_;
  double filled_;
  Clock::time_point last_ = Clock::now();
};

// Asks `count` different questions at once; how many were answered.
int answered_of(ChatClient& client, int count) {
  std::vector<Awaitable<Result<ChatReply>>> asked;
  for (int i = 0; i < count; ++i) {
    asked.push_back(client.chat(question(std::to_string(i)), {"node", 1}));
  }
  int answered = 0;
  for (auto& one : asked) answered += testing::wait_for(std::move(one)).ok() ? 1 : 0;
  return answered;
}

}  // namespace

TEST_CASE("an announced limit is kept: what it would refuse is not sent") {
  constexpr int kCalls = 60, kInFlight = 4;
  testing::TestContext context;
  const auto throttled = [&](const std::function<testing::HttpResponse()>& serve) {
    ScriptedEndpoint endpoint([&](int, const std::string&) { return serve(); });
    ChatOptions options = options_for(endpoint.url());
    options.max_in_flight = kInFlight;
    options.max_retries = 100;
    ChatClient client(context, options);
    CHECK(answered_of(client, kCalls) == kCalls);
    return client.usage()["throttled"].get<int>();
  };
  SECTION("by windows of time") {
    FixedWindow window(10, 100ms);
    // Once a full house finds out that the windows are fixed; at the ends of windows clocks differ.
    CHECK(throttled([&] { return window.serve(); }) <= kInFlight + kCalls / 10);
  }
  SECTION("by a bucket that fills") {
    Bucket bucket(10, 5ms);
    CHECK(throttled([&] { return bucket.serve(); }) <= kInFlight + kCalls / 10);
  }
}

TEST_CASE("a capacity that falls and returns costs no record") {
  // Of the server's loop.
  int taken = 0, now_in_flight = 0;
  testing::HttpServer server([&](const testing::HttpRequest&, testing::HttpServer::Reply reply) {
    const int capacity = taken < 1000 || taken >= 2000 ? 64 : 8;
    if (now_in_flight >= capacity) return reply.send(http(429, ""));
    ++taken;
    ++now_in_flight;
    reply.on_end([&] { --now_in_flight; });
    reply.send(answer("x"), 2ms);
  });
  server.start();
  testing::TestContext context;
  ChatOptions options = options_for(server.url() + "/v1/chat/completions");
  options.max_in_flight = 64;
  options.max_retries = 1000;
  ChatClient client(context, options);
  CHECK(answered_of(client, 4000) == 4000);
  CHECK(client.usage()["calls"] == 4000);
}

TEST_CASE("an endpoint that comes back gets calls again") {
  const auto serve = [](std::atomic<int>& calls) {
    return [&calls](const testing::HttpRequest&, testing::HttpServer::Reply reply) {
      ++calls;
      reply.send(answer("x"));
    };
  };
  std::atomic<int> of_first = 0, of_second = 0;
  testing::HttpServer first(serve(of_first));
  first.start();
  auto second = std::make_unique<testing::HttpServer>(serve(of_second));
  second->start();
  const int port = second->port();
  testing::TestContext context;
  ChatOptions options = options_for(first.url() + "/v1/chat/completions");
  options.endpoints.push_back(second->url() + "/v1/chat/completions");
  options.max_retries = 0;  // not one attempt may be spent on an endpoint that is gone
  ChatClient client(context, options);
  int number = 0;
  const auto ask_some = [&](int count) {
    std::vector<Awaitable<Result<ChatReply>>> asked;
    for (int i = 0; i < count; ++i) {
      asked.push_back(client.chat(question(std::to_string(number++)), {"node", 1}));
    }
    for (auto& one : asked) CHECK(testing::wait_for(std::move(one)).ok());
  };
  ask_some(20);
  CHECK(of_first > 0);
  CHECK(of_second > 0);
  // Nothing is in flight: a call that is cut would cost an attempt.
  second.reset();
  ask_some(20);
  const int before = of_second;
  second = std::make_unique<testing::HttpServer>(serve(of_second), port);
  second->start();
  while (of_second == before) ask_some(2);
}
