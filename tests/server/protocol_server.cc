// A stand-alone chat endpoint for tests and benchmarks: see --help.
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "chat_protocol.h"
#include "http_server.h"

namespace {

constexpr char kAbout[] =
    "A chat endpoint on a free loopback port, for tests: prints `port N` on standard output, ends\n"
    "when its standard input closes or on SIGTERM.\n\n"
    "It answers POST /v1/chat/completions with a text that is a function of the prompt and the\n"
    "request's seed, if it has one: JSON that satisfies the schema of response_format when there "
    "is\n"
    "one, else about 80 words.\n"
    "GET /v1/models and /health answer as one expects. GET /stats gives calls, statuses, cut,\n"
    "malformed, in_flight, max_in_flight, elapsed_s (first arrival to last reply) and in_flight_s\n"
    "(the calls in flight, integrated over that time); GET /stats?slots=64 adds busy_share, the\n"
    "share of 64 slots' time that was in use. POST /stats/reset starts the counts anew.\n"
    "POST /capacity/N changes --capacity.\n"
    "Refusals (4xx, 5xx) come at once, answers after --latency-ms.";

// Waits until standard input ends or SIGTERM or SIGINT comes.
void wait_for_end(int signal_fd) {
  pollfd watched[2] = {{STDIN_FILENO, POLLIN, 0}, {signal_fd, POLLIN, 0}};
  for (;;) {
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    char buffer[256];
    if (watched[0].revents != 0 && read(STDIN_FILENO, buffer, sizeof(buffer)) <= 0) return;
  }
}

int block_end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

void allow_many_connections() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kAbout, "protocol_server");
  rare::testing::ProtocolOptions options;
  int port = 0;
  const auto percent = CLI::Range(0.0, 100.0);
  app.add_option("--port", port, "0: a free one")->capture_default_str();
  app.add_option("--latency-ms", options.latency_ms, "of an answer")->capture_default_str();
  app.add_option("--latency-spread", options.latency_spread,
                 "sigma of log-normal latencies around it");
  app.add_option("--slow", options.slow, "per cent that take ten times as long")->check(percent);
  app.add_option("--fault-stall", options.fault_stall, "per cent of calls that are never answered")
      ->check(percent);
  app.add_option("--fault-429", options.fault_429, "per cent of calls answered 429")
      ->check(percent);
  app.add_option("--fault-500", options.fault_500, "per cent answered 500")->check(percent);
  app.add_option("--fault-cut", options.fault_cut,
                 "per cent cut: half of them in the middle of the reply, half before it")
      ->check(percent);
  app.add_option("--malformed", options.malformed, "per cent of 200s with half a body")
      ->check(percent);
  app.add_option("--truncated", options.truncated,
                 "per cent with half an answer and finish_reason length")
      ->check(percent);
  app.add_option("--truncated-prompts", options.truncated_prompts,
                 "per cent of prompts each of whose answers is so, whenever it is asked")
      ->check(percent);
  app.add_option("--seed", options.fault_seed, "which calls and prompts fail")
      ->capture_default_str();
  app.add_option("--retry-after", options.retry_after, "Retry-After of 429 and 503 answers");
  app.add_flag("--refuse-schema", options.refuse_schema, "400 for response_format json_schema");
  app.add_flag("--refuse-format", options.refuse_format, "400 for any response_format");
  app.add_option("--status", options.status, "answer every call with this status");
  app.add_flag("--refuse-stream", options.refuse_stream, "400 for stream");
  app.add_flag("--refuse-stream-options", options.refuse_stream_options, "400 for stream_options");
  app.add_option("--token-ms", options.token_ms, "between the words of a streamed answer");
  app.add_option("--capacity", options.capacity, "429 for what is in flight beyond this many");
  app.add_flag("--think", options.think, "<think>...</think> before each answer");
  app.add_flag("--reasoning-content", options.reasoning_content, "reasoning in a field apart");
  app.add_flag("--fixed-reply", options.fixed_reply,
               "one ready reply for all: the server's highest rate");
  app.add_option("--api-key", options.api_key, "401 for any other key");
  app.add_option("--model", options.model, "404 for any other model");
  app.add_option("--words", options.words, "of an answer without a schema")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  allow_many_connections();
  const int signal_fd = block_end_signals();
  rare::testing::ChatProtocol protocol(options);
  rare::testing::HttpServer server(
      [&protocol](const rare::testing::HttpRequest& request,
                  rare::testing::HttpServer::Reply reply) { protocol.handle(request, reply); },
      port);
  server.start();
  std::cout << "port " << server.port() << std::endl;
  wait_for_end(signal_fd);
  return 0;
}
