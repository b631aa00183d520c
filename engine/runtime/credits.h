// Credits: how many families may be alive in the graph at once. What bounds memory.
//
// Stands in for a limiter_node, which counts messages: families that leave in one train end one by
// one. A source takes credits before it reads, so that no more records are alive than there are
// credits. One that gets none is called back later. Thread-safety: any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace rare::engine {

class Credits {
 public:
  // `enough`: who waits for credits is called back when so many are there, and not for each one.
  // REQUIRES: 1 <= enough <= total.
  Credits(std::int64_t total, std::int64_t enough)
      : total_(total), enough_(enough), available_(total) {}
  std::int64_t total() const { return total_; }

  // Between one and `most` credits; or none, and `wake` is called once, by the thread that gives
  // some back.
  std::int64_t take(std::int64_t most, std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    const std::int64_t taken = std::min(most, available_);
    available_ -= taken;
    if (taken == 0) waiting_.push_back(std::move(wake));
    return taken;
  }
  void give_back(std::int64_t count) {
    std::vector<std::function<void()>> woken;
    {
      const std::lock_guard lock(mutex_);
      available_ += count;
      if (available_ >= enough_) woken.swap(waiting_);
    }
    for (const auto& wake : woken) wake();
  }

 private:
  const std::int64_t total_, enough_;
  std::mutex mutex_;
  std::int64_t available_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace rare::engine
