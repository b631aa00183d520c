// TimeLimit: how services tell that the time of a record (`timeout_s` of its node) stands still.
//
// Services do not see it: they call pause_time_limit() and resume_time_limit() of the Completion
// they were given (task.h). It goes from coroutine to coroutine in their promises: who awaits hands
// its own limit to what it awaits.
//
// Thread-safety: any thread. Ownership: the engine's; it lives as long as the coroutine that it is
// of.
#pragma once

#include <coroutine>

namespace rare {

// The time of one record in one node. Implemented by the engine.
class TimeLimit {
 public:
  virtual ~TimeLimit() = default;
  virtual void pause() = 0;
  virtual void resume() = 0;
};

namespace detail {
// The limit that the coroutine behind `handle` is under, or nullptr.
template <class Promise>
TimeLimit* time_limit_of(std::coroutine_handle<Promise> handle) {
  if constexpr (requires { handle.promise().time_limit; }) return handle.promise().time_limit;
  return nullptr;
}

// Awaited by a coroutine whose promise has a `time_limit`: what it awaits from now on counts there.
struct UseTimeLimit {
  TimeLimit* limit;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    self.promise().time_limit = limit;
    return false;
  }
  void await_resume() const noexcept {}
};
}  // namespace detail

}  // namespace rare
