#include "timer.h"

#include <utility>

namespace rare::basic {

Timer::Timer(Context& context) : context_(context), thread_([this] { loop(); }) {
  // Last: a run that is already stopping calls back at once.
  on_stop_.emplace(context.stop_token(), [this] { cancel(); });
}

Timer::~Timer() {
  on_stop_.reset();
  cancel();
  thread_.join();
}

void Timer::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  changed_.notify_one();
}

Awaitable<Status> Timer::wait(Clock::duration duration) {
  CompletionPair<Status> pair = context_.completion<Status>();
  bool is_late = false;
  {
    const std::lock_guard lock(mutex_);
    is_late = cancelled_;
    if (!is_late) {
      waiting_.emplace(Clock::now() + duration, std::move(pair.completion));
      changed_.notify_one();
    }
  }
  if (is_late) pair.completion.set(Status::cancelled());
  return std::move(pair.awaitable);
}

// Sets no completion under the lock: whoever goes on may wait again.
void Timer::loop() {
  std::unique_lock lock(mutex_);
  while (!cancelled_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = waiting_.begin();
    if (Clock::now() < first->first) {
      const Clock::time_point due = first->first;
      changed_.wait_until(lock, due);
      continue;
    }
    const Completion<Status> due = std::move(first->second);
    waiting_.erase(first);
    lock.unlock();
    due.set(Status());
    lock.lock();
  }
  std::multimap<Clock::time_point, Completion<Status>> left = std::move(waiting_);
  waiting_.clear();
  lock.unlock();
  for (const auto& [time, completion] : left) completion.set(Status::cancelled());
}

}  // namespace rare::basic
