// HttpLoop: thousands of HTTP transfers on one thread, by libcurl.
//
// Connections are kept and reused, HTTP/2 is taken where TLS offers it, certificates are always
// verified, no "Expect:" is sent. Everything that is handed in (tasks, timers, completions of
// transfers) runs on the loop's thread, one at a time, and must be short: while it runs, no byte
// moves.
//
// Thread-safety: post(), schedule(), start(), cancel_transfers() and stop() from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "plugins/net/http_types.h"

namespace rare::net {

class HttpLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = std::function<void()>;
  using Done = std::function<void(HttpResult)>;

  // Keeps up to `kept_connections` idle connections.
  explicit HttpLoop(int kept_connections);
  ~HttpLoop();  // stop()
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  // Runs `task` on the loop, in the order of the calls. Dropped after stop().
  void post(Task task);
  // Runs `task` on the loop at `at` or soon after. Dropped by stop().
  void schedule(Clock::time_point at, Task task);
  // `done` is called exactly once, on the loop, unless the loop was stopped before start().
  void start(HttpCall call, Done done);
  // Ends every transfer that was started before: their `done` gets TransferFailure::cancelled.
  void cancel_transfers();
  // Runs what was posted, ends all transfers as cancelled, drops timers, joins the thread. Not to
  // be called from the loop. Can be repeated.
  void stop();
  bool on_loop() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace rare::net
