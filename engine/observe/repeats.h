// Holds back what is said over and over, and sums it up.
//
// Events are alike when component, level and message are the same but for digits. Of those alike,
// the first kTold in a span of kSpan are told; the others are counted, and told as one event when
// the span is over: how many, and the last of them. Thread-safety: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/observe/log_tail.h"

namespace rare::engine {

class Repeats {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t kTold = 5;
  static constexpr std::chrono::seconds kSpan{10};
  // That are remembered. Where so many different ones come within a span, further ones are told
  // each.
  static constexpr std::size_t kMostShapes = 512;

  // Whether the event is to be told now. Otherwise it is counted. REQUIRES: due(now) was asked.
  bool tells(const LogEvent& event, Clock::time_point now);
  // What sums up spans that are over by now.
  std::vector<LogEvent> due(Clock::time_point now);
  // The same for all spans, which end with it.
  std::vector<LogEvent> all(Clock::time_point now);

 private:
  struct Span {
    Clock::time_point begin;
    std::uint64_t told = 0, held = 0;
    LogEvent last;  // of those that are held
  };
  static std::string shape_of(const LogEvent& event);
  static LogEvent sum_of(Span span, Clock::time_point now);
  template <class IsOver>
  std::vector<LogEvent> end_spans(Clock::time_point now, const IsOver& is_over);

  std::unordered_map<std::string, Span> spans_;
  Clock::time_point first_end_ = Clock::time_point::max();  // no span ends before
};

}  // namespace rare::engine
