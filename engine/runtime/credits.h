// Credits: how many families may be alive in the graph at once. What bounds memory.
//
// Stands in for a limiter_node, which counts messages: families that leave in one train end one by
// one. A source takes credits before it reads, so that no more records are alive than there are
// credits. One that gets none is called back later.
//
// The graph waits for credits of families that have ended (coming_back(), give_back()), because the
// committer may keep them for a while; not for those of families that have not, which keep the
// graph at work themselves. So a family that somebody loses ends in a ledger that is off, and not
// in a graph that waits for ever. Thread-safety: any thread.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
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
  // Before anything else.
  void set_graph(oneapi::tbb::flow::graph& graph) { graph_ = &graph; }
  std::int64_t total() const { return total_; }

  // Between one and `most` credits; or none, and `wake` is called once, by the thread that gives
  // some back. REQUIRES: called in a body of the graph; so is wake(), or while the graph waits.
  std::int64_t take(std::int64_t most, std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    const std::int64_t taken = resuming_ > 0 ? 0 : take_free(most);
    if (taken == 0) waiting_.push_back(std::move(wake));
    return taken;
  }
  // For records that were begun before and gave their credit back: between begin_resuming() and
  // end_resuming() they take first, and who begins new ones waits. Calls nest.
  void begin_resuming() {
    const std::lock_guard lock(mutex_);
    ++resuming_;
  }
  void end_resuming() {
    {
      const std::lock_guard lock(mutex_);
      --resuming_;
    }
    make_available(0);
  }
  // As take(), and called back for the first credit that comes. `wake` of the last call counts.
  std::int64_t take_resuming(std::int64_t most, const void* who, std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    const std::int64_t taken = take_free(most);
    if (taken == 0) resuming_waits_[who] = std::move(wake);
    return taken;
  }
  // As take_resuming(), for who will ask again anyway.
  std::int64_t take_now(std::int64_t most) {
    const std::lock_guard lock(mutex_);
    return take_free(most);
  }
  // A family that rests in memory goes on: it gets the credit that it gave back, now or, where none
  // is free, from the next that comes back. So for a moment there may be more families on their way
  // than credits in all.
  void take_again(std::int64_t count) {
    const std::lock_guard lock(mutex_);
    available_ -= count;
  }
  // Families have ended; their credits will be given back. REQUIRES: called in a body of the graph,
  // or by what it waits for.
  void coming_back(std::int64_t count) {
    const std::lock_guard lock(mutex_);
    if (coming_back_ == 0 && count > 0) graph_->reserve_wait();
    coming_back_ += count;
  }
  void give_back(std::int64_t count) {
    make_available(count);
    const std::lock_guard lock(mutex_);
    coming_back_ -= count;
    if (coming_back_ == 0) graph_->release_wait();
  }
  // Credits that no family was begun with.
  void give_back_unused(std::int64_t count) { make_available(count); }

 private:
  // REQUIRES: holds `mutex_`.
  std::int64_t take_free(std::int64_t most) {
    const std::int64_t taken = std::clamp<std::int64_t>(available_, 0, most);
    available_ -= taken;
    return taken;
  }
  void make_available(std::int64_t count) {
    std::vector<std::function<void()>> woken;
    {
      const std::lock_guard lock(mutex_);
      available_ += count;
      if (available_ > 0) {
        for (auto& [who, wake] : resuming_waits_) woken.push_back(std::move(wake));
        resuming_waits_.clear();
      }
      if (available_ >= enough_ && resuming_ == 0) {
        std::move(waiting_.begin(), waiting_.end(), std::back_inserter(woken));
        waiting_.clear();
      }
    }
    for (const auto& wake : woken) wake();
  }

  const std::int64_t total_, enough_;
  oneapi::tbb::flow::graph* graph_ = nullptr;
  std::mutex mutex_;
  std::int64_t available_;
  std::int64_t coming_back_ = 0;
  int resuming_ = 0;
  std::map<const void*, std::function<void()>> resuming_waits_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace rare::engine
