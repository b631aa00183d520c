#include "engine/runtime/overflow.h"

namespace rare::engine {

void Overflow::add(std::shared_ptr<HeldChildren> held) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(held));
  if (!some_wait_.exchange(true)) credits_.begin_resuming();
}

std::optional<Overflow::Ready> Overflow::begin_one() {
  while (!waiting_.empty()) {
    const std::shared_ptr<HeldChildren> first = waiting_.front();
    const std::lock_guard lock(first->mutex);
    if (first->has_more()) {
      if (credits_.take_now(1) == 0) return std::nullopt;
      // The next credit is for another record's children.
      waiting_.pop_front();
      waiting_.push_back(first);
      return Ready{first, *first->begin_next()};
    }
    waiting_.pop_front();
  }
  return std::nullopt;
}

std::optional<Overflow::Ready> Overflow::next() {
  if (!some_wait_.load()) return std::nullopt;
  std::optional<Ready> ready;
  bool none_waits = false;
  {
    const std::lock_guard lock(mutex_);
    ready = begin_one();
    none_waits = waiting_.empty() && some_wait_.exchange(false);
  }
  // It wakes sources: not under the lock.
  if (none_waits) credits_.end_resuming();
  return ready;
}

void Overflow::forget(HeldChildren& held) {
  for (; held.next < held.parts.size(); ++held.next) disk_.forget(held.parts[held.next].slot);
}

}  // namespace rare::engine
