// A thread that ends waits when their time has come.
//
// Thread-safety: wait() from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "rare/context.h"
#include "rare/task.h"

namespace rare::basic {

class Timer {
 public:
  using Clock = std::chrono::steady_clock;

  // REQUIRES: `context` outlives it.
  explicit Timer(Context& context);
  // Ends what still waits, as cancelled.
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // OK after `duration`; Status::cancelled() as soon as the run is being cut short.
  Awaitable<Status> wait(Clock::duration duration);

 private:
  void loop();
  // Asks the loop to end all waits, once and for good.
  void cancel();

  Context& context_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, Completion<Status>> waiting_;
  bool cancelled_ = false;
  std::thread thread_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace rare::basic
