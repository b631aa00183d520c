// Task<T>, Awaitable<T>, Completion<T>: an operator that waits without holding a thread.
//
//   rare::Task<rare::Status> Ask::process(rare::Record record, rare::Output& out) {
//     rare::ChatRequest request = request_for(record);
//     auto reply = co_await llm_->chat(std::move(request));
//     if (!reply) co_return reply.status();
//     ...
//   }
//
// An operator writes Tasks and awaits Awaitables; a service makes a pair of Completion and
// Awaitable (Context::completion<T>()), hands out the one and sets the other, once, from any
// thread. The coroutine goes on, on one of the engine's resume threads, never on the thread that
// set the value.
//
// Thread-safety: a Task and an Awaitable belong to the coroutine that awaits them; a Completion and
// its copies may be used from any thread. Ownership: a Task owns its coroutine's frame; what a
// Completion is set to is kept until the Awaitable gives it out.
//
// g++ 12 destroys some temporaries twice in expressions that await: never build a temporary with a
// destructor inside such an expression; name a local, then std::move it. No co_await inside ?:, an
// initializer list or a test macro.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "rare/status.h"
#include "rare/time_limit.h"

namespace rare {

// A lazily started coroutine that gives one T. Owns its frame. Awaited at most once.
template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct FinalAwaiter {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        const std::coroutine_handle<> next = self.promise().continuation;
        return next ? next : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    FinalAwaiter final_suspend() noexcept { return {}; }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() { exception = std::current_exception(); }

    std::optional<T> value;
    std::exception_ptr exception;
    std::coroutine_handle<> continuation;
    TimeLimit* time_limit = nullptr;
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    handle_.promise().continuation = waiter;
    handle_.promise().time_limit = detail::time_limit_of(waiter);
    return handle_;
  }
  T await_resume() {
    if (handle_.promise().exception) std::rethrow_exception(handle_.promise().exception);
    return std::move(*handle_.promise().value);
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

// Where suspended coroutines go on. Implemented by the engine (and by rare::testing); plugins never
// call it.
class Resumer {
 public:
  virtual ~Resumer() = default;
  virtual void resume(std::coroutine_handle<> waiter) = 0;
  // A service broke its promise (set a Completion twice); named in the log.
  virtual void misuse(const std::string& what) = 0;
};

namespace detail {
template <class T>
struct CompletionState {
  explicit CompletionState(Resumer& r) : resumer(r) {}
  Resumer& resumer;
  std::mutex mutex;
  bool set = false;
  std::optional<T> value;
  std::coroutine_handle<> waiter;
  TimeLimit* time_limit = nullptr;  // of the waiter, as long as it waits
  bool paused = false;

  void wait(std::coroutine_handle<> who, TimeLimit* limit) {
    waiter = who;
    time_limit = limit;
    if (paused && time_limit != nullptr) time_limit->pause();
  }
  void leave() {
    waiter = nullptr;
    if (paused && time_limit != nullptr) time_limit->resume();
    time_limit = nullptr;
  }
  void set_paused(bool pause) {
    const std::lock_guard lock(mutex);
    if (set || paused == pause) return;
    paused = pause;
    if (time_limit != nullptr) paused ? time_limit->pause() : time_limit->resume();
  }

  void complete(T result) {
    std::coroutine_handle<> next;
    {
      const std::lock_guard lock(mutex);
      if (set) {
        next = nullptr;
      } else {
        set = true;
        value.emplace(std::move(result));
        next = waiter;
        leave();
        if (!next) return;
      }
    }
    if (next) {
      resumer.resume(next);
    } else {
      resumer.misuse("a Completion was set twice; the second value is ignored");
    }
  }
};
}  // namespace detail

// What an operator awaits. Movable; awaited at most once.
template <class T>
class [[nodiscard]] Awaitable {
 public:
  explicit Awaitable(std::shared_ptr<detail::CompletionState<T>> state)
      : state_(std::move(state)) {}
  Awaitable(Awaitable&&) noexcept = default;
  Awaitable& operator=(Awaitable&&) = delete;
  ~Awaitable() {
    if (!state_) return;
    const std::lock_guard lock(state_->mutex);
    state_->leave();
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    const std::lock_guard lock(state_->mutex);
    if (state_->set) return false;
    state_->wait(waiter, detail::time_limit_of(waiter));
    return true;
  }
  T await_resume() {
    const std::lock_guard lock(state_->mutex);
    return std::move(*state_->value);
  }

 private:
  std::shared_ptr<detail::CompletionState<T>> state_;
};

// The service's end. T is made from a Status when the last copy is dropped unset, so a forgotten
// Completion is an error of its record and never a hang.
template <class T>
class Completion {
 public:
  explicit Completion(std::shared_ptr<detail::CompletionState<T>> state)
      : guard_(std::make_shared<Guard>(std::move(state))) {}

  void set(T value) const { guard_->state->complete(std::move(value)); }
  // Nobody works on the request now: it waits until the service is ready, until it is let in, or
  // for the end of an outage. Such time does not count against the `timeout_s` of the node that
  // asks. A service that says nothing is taken to be at work all the time. Both may be called
  // repeatedly.
  void pause_time_limit() const { guard_->state->set_paused(true); }
  void resume_time_limit() const { guard_->state->set_paused(false); }

 private:
  struct Guard {
    explicit Guard(std::shared_ptr<detail::CompletionState<T>> s) : state(std::move(s)) {}
    Guard(const Guard&) = delete;
    ~Guard() {
      bool forgotten = false;
      {
        const std::lock_guard lock(state->mutex);
        forgotten = !state->set;
      }
      if (forgotten) {
        state->complete(
            T(Status(StatusCode::internal, "the service dropped this request unanswered")));
      }
    }
    std::shared_ptr<detail::CompletionState<T>> state;
  };
  std::shared_ptr<Guard> guard_;
};

template <class T>
struct CompletionPair {
  Completion<T> completion;
  Awaitable<T> awaitable;
};

template <class T>
CompletionPair<T> make_completion(Resumer& resumer) {
  auto state = std::make_shared<detail::CompletionState<T>>(resumer);
  return CompletionPair<T>{Completion<T>(state), Awaitable<T>(state)};
}

}  // namespace rare
