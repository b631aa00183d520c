// Replies of scripted services, held back until all records that are in flight wait for theirs.
//
// Thread-safety: one thread, the one that made it. Ownership: the test's, on its stack; what is
// held is answered before it ends.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace rare::testing {

// While one lives, the scripted services (FakeLanguageModel, FakeSearchIndex) that are asked on its
// thread answer when it says so: release() answers all that is asked for up to then. What is left
// is answered at the end of its life.
class HeldReplies {
 public:
  enum class Order { oldest_first, newest_first };

  HeldReplies() : outer_(std::exchange(current(), this)) {}
  HeldReplies(const HeldReplies&) = delete;
  HeldReplies& operator=(const HeldReplies&) = delete;
  ~HeldReplies() {
    current() = outer_;
    while (release(Order::oldest_first)) continue;
  }

  // Gives one reply: now, or when the HeldReplies of this thread says so.
  static void give(std::function<void()> reply) {
    if (current() == nullptr) {
      reply();
    } else {
      current()->held_.push_back(std::move(reply));
    }
  }
  // False: nothing was held.
  bool release(Order order) {
    std::vector<std::function<void()>> now = std::exchange(held_, {});
    const std::size_t count = now.size();
    for (std::size_t i = 0; i < count; ++i) {
      now[order == Order::oldest_first ? i : count - 1 - i]();
    }
    return count > 0;
  }

 private:
  static HeldReplies*& current() {
    thread_local HeldReplies* held = nullptr;
    return held;
  }

  HeldReplies* outer_;
  std::vector<std::function<void()>> held_;
};

}  // namespace rare::testing
