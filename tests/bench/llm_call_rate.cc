// Chats through the whole client against an endpoint in another process: calls a second, and the
// share of slot time in use.
//
//   llm_call_rate BASE_URL CALLS MAX_IN_FLIGHT [PROMPT_BYTES [STORE]]
//
// STORE is the file of a reply store as a run has it; without one replies are kept in memory.
// The endpoint is protocol_server: with --fixed-reply for the rate, with --latency-ms 200 for the
// share, which its /stats?slots=N gives; this program prints its own rate and CPU time as JSON.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "engine/state/reply_database.h"
#include "plugins/llm/chat_client.h"
#include "plugins/llm/endpoint_url.h"
#include "rare/detached.h"
#include "rare/testing/harness.h"

namespace {

using rare::ChatMessage;
using rare::ChatReply;
using rare::ChatRequest;
using rare::Result;

// Goes on by itself from one question to the next, like a record's operator does.
rare::detail::Detached ask_on(rare::llm::ChatClient& client, std::atomic<int>& next, int calls,
                              const std::string& prompt, std::atomic<int>& failed,
                              std::atomic<int>& open, std::promise<void>& done) {
  for (int i = next++; i < calls; i = next++) {
    std::vector<ChatMessage> messages;
    messages.emplace_back("user", std::to_string(i) + " " + prompt);
    ChatRequest request(std::move(messages));
    request.ordinal = static_cast<std::uint64_t>(i);
    const rare::ServiceClient from{"bench", 1};
    const Result<ChatReply> reply = co_await client.chat(std::move(request), from);
    if (!reply.ok()) ++failed;
  }
  if (--open == 0) done.set_value();
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: llm_call_rate BASE_URL CALLS MAX_IN_FLIGHT [PROMPT_BYTES [STORE]]\n";
    return 2;
  }
  const int calls = std::atoi(argv[2]), in_flight = std::atoi(argv[3]);
  const std::string prompt(static_cast<std::size_t>(argc > 4 ? std::atoi(argv[4]) : 2000), 'x');
  const Result<std::string> url = rare::llm::chat_completions_url(argv[1]);
  if (!url.ok()) {
    std::cerr << url.status().message() << "\n";
    return 2;
  }
  rare::testing::MemoryReplyStore in_memory;
  std::unique_ptr<rare::engine::ReplyDatabase> store;
  if (argc > 5) {
    auto opened = rare::engine::ReplyDatabase::open(argv[5], "bench", [](const auto&) {});
    if (!opened.ok()) {
      std::cerr << opened.status().message() << "\n";
      return 2;
    }
    store = std::move(*opened);
  }
  rare::testing::StoreContext context(store ? *store : static_cast<rare::ReplyStore&>(in_memory));
  rare::llm::ChatOptions options;
  options.service = "bench";
  options.endpoints = {*url};
  options.model = "bench";
  options.max_in_flight = in_flight;
  rare::llm::ChatClient client(context, options);
  std::atomic<int> next = 0, failed = 0, open = in_flight * 2;
  std::promise<void> done;
  const double cpu_before = cpu_seconds();
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < in_flight * 2; ++i) ask_on(client, next, calls, prompt, failed, open, done);
  done.get_future().wait();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - before;
  const double cpu = cpu_seconds() - cpu_before;
  const rare::Json result = {{"calls", calls},
                             {"failed", failed.load()},
                             {"in_flight", in_flight},
                             {"calls_per_s", calls / elapsed.count()},
                             {"cpu_ms_per_call", 1000 * cpu / calls}};
  std::cout << result.dump() << "\n";
  return failed == 0 ? 0 : 1;
}
