// Sends spans to a collector, on a thread of its own: OTLP over HTTP, libcurl underneath.
//
// Whoever adds spans waits for nobody: what finds no room in the queue, or is not taken by the
// collector, is lost and counted. A request that failed for a while (no connection, 429, 502, 503,
// 504) is sent again a few times. Thread-safety: add() from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/observe/span.h"
#include "engine/observe/trace_target.h"

namespace rare::engine {

class SpanSender {
 public:
  static constexpr std::size_t kMostTogether = 512;
  struct Limits {
    std::size_t waiting = 8192;  // spans
    // For close(), and a second more at most: a collector that does not answer holds no run up.
    std::chrono::milliseconds close{3000};
  };

  SpanSender(TraceTarget target, std::string version)
      : SpanSender(std::move(target), std::move(version), Limits()) {}
  SpanSender(TraceTarget target, std::string version, Limits limits);
  ~SpanSender();
  SpanSender(const SpanSender&) = delete;
  SpanSender& operator=(const SpanSender&) = delete;

  void add(std::vector<Span> spans);

  struct Account {
    std::uint64_t sent = 0;
    std::uint64_t no_room = 0;    // of those that were lost: the queue was full
    std::uint64_t not_taken = 0;  // the collector took them not
    std::string problem;          // the last one, with what to do
  };
  // Sends what waits as far as time allows, and ends the thread. Once.
  Account close();

 private:
  using Clock = std::chrono::steady_clock;
  class Connection;
  enum class Outcome { taken, busy, unreachable, refused };
  void loop();
  void send(Connection& connection, const std::vector<Span>& batch);
  Outcome try_once(Connection& connection, const std::string& body);
  void wait_to_try_again(int attempt);
  void note_problem(const std::string& problem);
  bool closing();
  bool is_time_over();

  const TraceTarget target_;
  const std::string version_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Span> waiting_;
  bool closing_ = false;
  Clock::time_point close_until_{};
  Account account_;
  std::thread thread_;
};

}  // namespace rare::engine
