// How many calls may be in flight: additive increase, multiplicative decrease over windows of
// answers (Chiu and Jain, Computer Networks and ISDN Systems 17, 1989), with a threshold: throttled
// answers here and there, as busy endpoints give at random, are no congestion. After some windows
// without congestion the increase doubles with each, as in TCP's slow start (RFC 5681, section
// 3.1): one window is a whole latency, so that an endpoint that gets its capacity back would wait
// for hours.
//
// Thread-safety: one thread at a time.
#pragma once

#include <algorithm>

namespace rare::llm {

class AdaptiveLimit {
 public:
  // Begins at `most` (1 or more); never goes below a sixteenth of it, or 1.
  explicit AdaptiveLimit(int most) : most_(most), least_(std::max(1, most / 16)), limit_(most) {}

  int current() const { return static_cast<int>(limit_); }

  // One answer came. `throttled`: the endpoint said it has too much to do, or did not answer in
  // time.
  void answered(bool throttled) {
    ++answers_;
    throttled_ += throttled ? 1 : 0;
    if (answers_ < std::max(kSmallestWindow, current())) return;
    if (throttled_ > kCongestedShare * answers_) {
      limit_ = std::max<double>(least_, limit_ * kDecrease);
      increase_ = 1;
      clean_windows_ = 0;
    } else {
      if (++clean_windows_ > kWindowsByOne) increase_ *= 2;
      limit_ = std::min<double>(most_, limit_ + increase_);
      increase_ = std::min(increase_, limit_);
    }
    answers_ = throttled_ = 0;
  }

 private:
  static constexpr int kSmallestWindow = 16;
  static constexpr double kCongestedShare = 0.2;
  static constexpr double kDecrease = 0.75;
  static constexpr int kWindowsByOne = 4;

  int most_, least_;
  double limit_;
  double increase_ = 1;  // of the last window
  int clean_windows_ = 0;
  int answers_ = 0, throttled_ = 0;
};

}  // namespace rare::llm
