// One record in an async operator whose node has a time limit (`timeout_s`): its clock, and who
// ends it. Either its coroutine ends first, or its time; claim() tells which. A coroutine whose
// time was first goes on without its record: what it emits is refused.
//
// The clock stands while a service says that nobody works on what it was asked (TimeLimit).
// Thread-safety: any thread; envelope belongs to whoever claimed, output to the coroutine.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/buffered_output.h"
#include "engine/runtime/node_counters.h"
#include "engine/runtime/record_coroutine.h"
#include "engine/runtime/train.h"
#include "rare/task.h"

namespace rare::engine {

class LimitedCall final : public TimeLimit {
 public:
  using Clock = std::chrono::steady_clock;

  LimitedCall(Envelope record, const OutputNames& names, BufferedOutput::Room room)
      : envelope(std::move(record)), output(names, room) {}

  // The operator begins to work on the record.
  void begin(NodeCounter& counter) {
    in_node_.emplace(counter);
    resume();
  }
  void pause() override {
    const std::lock_guard lock(mutex_);
    if (!since_) return;
    last_ = {*std::exchange(since_, std::nullopt), Clock::now()};
    spent_ += last_.end - last_.begin;
  }
  void resume() override {
    const std::lock_guard lock(mutex_);
    if (!since_) since_ = Clock::now();
  }
  // The process did not run between the two, so that no answer could come in.
  void stood_still(Clock::time_point begin, Clock::time_point end) {
    const std::lock_guard lock(mutex_);
    const Interval gap{begin, end};
    spent_ -= gap.in_common(last_) + gap.in_common({since_.value_or(end), end});
  }
  bool overdue(Clock::time_point now, Clock::duration limit) const {
    const std::lock_guard lock(mutex_);
    return spent_ + (since_ ? now - *since_ : Clock::duration{}) > limit;
  }

  // True for exactly one caller, which ends the record.
  bool claim() {
    if (claimed_.exchange(true)) return false;
    output.close();
    in_node_.reset();
    return true;
  }

  Envelope envelope;
  BufferedOutput output;
  RecordTurn turn;  // set before it begins

 private:
  struct Interval {
    Clock::time_point begin, end;
    Clock::duration in_common(const Interval& other) const {
      return std::max(Clock::duration{}, std::min(end, other.end) - std::max(begin, other.begin));
    }
  };
  std::atomic<bool> claimed_{false};
  std::optional<InNode> in_node_;
  mutable std::mutex mutex_;
  std::optional<Clock::time_point> since_;  // nothing: the clock stands
  Interval last_{};                         // in which it ran before that
  Clock::duration spent_{};
};

}  // namespace rare::engine
