#include "engine/runtime/async_watch.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/crash_report.h"

namespace rare::engine {
namespace {

// A record may take this share of its limit more.
constexpr int kLooksPerLimit = 20;
constexpr std::chrono::milliseconds kShortestStep{1}, kLongestStep{100};
constexpr std::chrono::milliseconds kSettleStep{5};
// Who looks so much later than meant was stopped (SIGSTOP, Ctrl-Z, a machine that paused).
constexpr std::chrono::milliseconds kStoodStill{500};

}  // namespace

AsyncWatch::AsyncWatch(std::vector<AsyncNode*> nodes)
    : nodes_(std::move(nodes)), step_(kLongestStep) {
  if (nodes_.empty()) return;
  for (const AsyncNode* node : nodes_) {
    const auto limit = node->time_limit();
    if (!limit) continue;
    const auto step =
        std::chrono::duration_cast<std::chrono::milliseconds>(*limit) / kLooksPerLimit;
    step_ = std::clamp(step, kShortestStep, step_);
  }
  thread_ = std::thread([this] { loop(); });
}

AsyncWatch::~AsyncWatch() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void AsyncWatch::loop() {
  begin_engine_thread("time limits");
  auto last = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!ended_changed_.wait_for(lock, step_, [this] { return ended_; })) {
    lock.unlock();
    const auto now = std::chrono::steady_clock::now();
    const auto meant = std::exchange(last, now) + step_;
    for (AsyncNode* node : nodes_) {
      if (now - meant > kStoodStill) node->stood_still(meant, now);
      node->end_overdue(now);
      node->look_at_parked();
    }
    lock.lock();
  }
}

bool AsyncWatch::settle(std::chrono::duration<double> patience,
                        const std::function<bool()>& hurry) const {
  const auto settled = [this] {
    return std::all_of(nodes_.begin(), nodes_.end(),
                       [](const AsyncNode* node) { return node->late() == 0; });
  };
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::duration_cast<std::chrono::steady_clock::duration>(patience);
  while (!settled()) {
    if (hurry() || std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kSettleStep);
  }
  return true;
}

}  // namespace rare::engine
