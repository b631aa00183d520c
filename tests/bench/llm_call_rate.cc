// Chats through the whole client against an endpoint in another process: calls a second, and the
// share of slot time in use.
//
// The endpoint is protocol_server: with --fixed-reply for the rate, with --latency-ms 200 for the
// share, which its /stats?slots=N gives; this program prints its own rate, CPU time and memory as
// JSON.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
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

struct Options {
  std::string base_url, store;
  int calls = 0, in_flight = 0, prompt_bytes = 2000, timeout_ms = 1'800'000;
};

bool parse(CLI::App& app, Options& options, int argc, char** argv) {
  app.add_option("base_url", options.base_url)->required();
  app.add_option("calls", options.calls)->required();
  app.add_option("in_flight", options.in_flight, "most calls in flight")->required();
  app.add_option("--prompt-bytes", options.prompt_bytes)->capture_default_str();
  app.add_option("--timeout-ms", options.timeout_ms, "of one call")->capture_default_str();
  app.add_option("--store", options.store, "a reply store as a run has it; without: in memory");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return false;
  }
  return true;
}

rusage used() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used;
}

double cpu_seconds() {
  const rusage now = used();
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(now.ru_utime) + seconds(now.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Chats through the whole client, counted.", "llm_call_rate");
  Options chosen;
  if (!parse(app, chosen, argc, argv)) return 2;
  const std::string prompt(static_cast<std::size_t>(chosen.prompt_bytes), 'x');
  const Result<std::string> url = rare::llm::chat_completions_url(chosen.base_url);
  if (!url.ok()) {
    std::cerr << url.status().message() << "\n";
    return 2;
  }
  rare::testing::MemoryReplyStore in_memory;
  std::unique_ptr<rare::engine::ReplyDatabase> store;
  if (!chosen.store.empty()) {
    auto opened = rare::engine::ReplyDatabase::open(chosen.store, "bench", [](const auto&) {});
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
  options.max_in_flight = chosen.in_flight;
  options.timeout = std::chrono::milliseconds(chosen.timeout_ms);
  rare::llm::ChatClient client(context, options);
  const int askers = chosen.in_flight * 2;
  std::atomic<int> next = 0, failed = 0, open = askers;
  std::promise<void> done;
  const double cpu_before = cpu_seconds();
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < askers; ++i) ask_on(client, next, chosen.calls, prompt, failed, open, done);
  done.get_future().wait();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - before;
  const double cpu = cpu_seconds() - cpu_before;
  rare::Json result = {{"calls", chosen.calls},
                       {"failed", failed.load()},
                       {"in_flight", chosen.in_flight},
                       {"calls_per_s", chosen.calls / elapsed.count()},
                       {"elapsed_s", elapsed.count()},
                       {"cpu_ms_per_call", 1000 * cpu / chosen.calls},
                       {"peak_rss_mb", static_cast<double>(used().ru_maxrss) / 1000}};
  const rare::Json usage = client.usage();
  for (const char* name : {"retries", "throttled"}) result[name] = usage[name];
  std::cout << result.dump() << "\n";
  return failed == 0 ? 0 : 1;
}
