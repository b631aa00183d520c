// Who has been at one record for long: coroutines that block the thread that others need, and
// operators that do not come back.
//
// Each thread that runs a plugin's code over records says in a place of its own what it is at; the
// watch reads these places from outside, and a place that has not changed for long is told. Nobody
// reads a clock for a record.
#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "engine/graph/plan.h"
#include "rare/record.h"

namespace rare::engine {

// What one thread is at. Thread-safety: begin and end on the thread itself.
class ThreadWork {
 public:
  // Of this thread; lives as long as it does.
  static ThreadWork& here();
  ThreadWork(const ThreadWork&) = delete;
  ThreadWork& operator=(const ThreadWork&) = delete;

  // REQUIRES: node and id outlive the call of end() on this thread.
  void begin(const PlannedNode& node, const RecordId& id) { publish({&node, &id, nullptr}); }
  // The id need not outlive anything: a coroutine may end on another thread.
  void begin_coroutine(const PlannedNode& node, const RecordId& id);
  // One that goes on and is no record's that is known, but whose code it is.
  void begin_again(std::coroutine_handle<> coroutine);
  void end() {
    open_.store(false);
    while (read_.load()) {
    }
  }

 private:
  friend class LongWork;
  struct Piece {
    const PlannedNode* node = nullptr;
    const RecordId* id = nullptr;
    const void* code = nullptr;
  };
  struct Entry;
  ThreadWork() = default;
  void publish(const Piece& piece) {
    end();
    piece_ = piece;
    turn_.store(turn_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    open_.store(true, std::memory_order_release);
  }
  // For other threads. False: it is at nothing.
  template <class Look>
  bool look(const Look& look) {
    read_.store(true);
    const bool open = open_.load();
    if (open) look(piece_);
    read_.store(false, std::memory_order_release);
    return open;
  }

  // Written while it is not open; whoever closes it waits for whoever reads it.
  Piece piece_;
  RecordId id_;  // a copy, where the record may go before the piece does
  std::atomic<bool> open_{false}, read_{false};
  std::atomic<std::uint64_t> turn_{0};
};

// Tells it, in one warning for each piece of work, and again after ten times as long.
// Thread-safety: one thread.
class LongWork {
 public:
  struct Limits {
    std::chrono::milliseconds coroutine{2000};  // that runs and awaits nothing
    std::chrono::milliseconds record{60'000};   // in an Operator
  };
  // REQUIRES: the plan outlives the object.
  LongWork(const Plan& plan, Limits limits) : plan_(plan), limits_(limits) {}
  // To be called a few times in the shorter of the limits.
  void look(std::chrono::steady_clock::time_point now);

 private:
  struct Seen {
    std::uint64_t turn = 0;
    std::chrono::steady_clock::duration held{};  // only while this process ran, too
    std::int64_t told = 0;                       // held so many limits then
  };
  std::string told(const ThreadWork::Piece& piece, std::int64_t seconds) const;
  std::string whose_code(const void* code) const;

  const Plan& plan_;
  const Limits limits_;
  std::chrono::steady_clock::time_point last_{};
  std::unordered_map<ThreadWork*, Seen> seen_;
};

}  // namespace rare::engine
