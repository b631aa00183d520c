// A coroutine that nobody waits for: what the engine and rare::testing drive Tasks and Awaitables
// with.
//
// Thread-safety: none; ownership: a frame frees itself. Plugins do not use it.
#pragma once

#include <coroutine>
#include <exception>

#include "rare/time_limit.h"

namespace rare::detail {

// Starts at once and frees itself at its end. Nothing may escape from its body. What it awaits is
// under its `time_limit` (UseTimeLimit sets it).
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
    TimeLimit* time_limit = nullptr;
  };
};

}  // namespace rare::detail
