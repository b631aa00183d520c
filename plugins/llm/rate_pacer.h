// Spreads units (requests, tokens) evenly over time: the generic cell rate algorithm (ITU-T I.371)
// without a burst allowance. Thread-safety: one thread at a time.
#pragma once

#include <algorithm>
#include <chrono>

namespace rare::llm {

class RatePacer {
 public:
  using Clock = std::chrono::steady_clock;

  // 0: no bound.
  explicit RatePacer(double units_per_minute) : per_minute_(units_per_minute) {}

  // When the next unit may be spent; in the past when now.
  Clock::time_point ready_at() const { return next_; }

  void spend(double units, Clock::time_point now) {
    if (per_minute_ <= 0) return;
    next_ = std::max(next_, now) + cost(units);
  }
  // `units` more (or, negative, fewer) were spent than was said before.
  void correct(double units) {
    if (per_minute_ > 0) next_ += cost(units);
  }

 private:
  Clock::duration cost(double units) const {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(60.0 * units / per_minute_));
  }
  double per_minute_;
  Clock::time_point next_{};
};

}  // namespace rare::llm
