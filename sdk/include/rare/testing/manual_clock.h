// Time that passes when the test says so.
//
//   rare::testing::ManualClock clock;
//   rare::testing::FakeLanguageModel model(context.resumer(), script);
//   model.take(clock, std::chrono::seconds(5));  // each reply comes after 5 s of this clock
//   ...
//   clock.advance(std::chrono::seconds(5));
//
// Thread-safety: any thread. Ownership: the test's; it outlives who waits for it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace rare::testing {

// What is due is called by the thread that advances, without a lock.
class ManualClock {
 public:
  using Duration = std::chrono::nanoseconds;

  // Since the clock was made.
  Duration now() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  // `call` once that much time has passed; at once, if that is none.
  void after(Duration time, std::function<void()> call) {
    {
      const std::lock_guard lock(mutex_);
      due_.emplace(now_ + time, std::move(call));
    }
    advance(Duration(0));
  }
  void advance(Duration time) {
    {
      const std::lock_guard lock(mutex_);
      now_ += time;
    }
    while (std::function<void()> call = next_due()) call();
  }
  // How many calls wait for their time.
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return due_.size();
  }

 private:
  // Takes out the earliest call whose time has come; empty: there is none.
  std::function<void()> next_due() {
    const std::lock_guard lock(mutex_);
    if (due_.empty() || due_.begin()->first > now_) return {};
    std::function<void()> call = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    return call;
  }

  mutable std::mutex mutex_;
  Duration now_{0};
  std::multimap<Duration, std::function<void()>> due_;
};

}  // namespace rare::testing
