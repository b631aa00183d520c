#include "engine/observe/repeats.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace rare::engine {
namespace {

// Of a message: enough to tell one from another.
constexpr std::size_t kMostShapeBytes = 256;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

}  // namespace

std::string Repeats::shape_of(const LogEvent& event) {
  std::string shape = event.component + '\n' + level_name(event.level) + '\n';
  const std::size_t most = shape.size() + kMostShapeBytes;
  bool after_digit = false;
  for (const char letter : event.message) {
    if (!is_digit(letter)) {
      shape += letter;
    } else if (!after_digit) {
      shape += '0';
    }
    after_digit = is_digit(letter);
    if (shape.size() == most) break;
  }
  return shape;
}

bool Repeats::tells(const LogEvent& event, Clock::time_point now) {
  std::string shape = shape_of(event);
  auto at = spans_.find(shape);
  if (at == spans_.end()) {
    if (spans_.size() == kMostShapes) return true;
    at = spans_.emplace(std::move(shape), Span{now, 0, 0, {}}).first;
    first_end_ = std::min(first_end_, now + kSpan);
  }
  Span& span = at->second;
  if (span.told < kTold) {
    ++span.told;
    return true;
  }
  ++span.held;
  span.last = event;
  return false;
}

LogEvent Repeats::sum_of(Span span, Clock::time_point now) {
  const auto seconds = std::max<std::chrono::seconds::rep>(
      1, std::chrono::ceil<std::chrono::seconds>(std::min<Clock::duration>(now - span.begin, kSpan))
             .count());
  LogEvent sum = std::move(span.last);
  sum.message = std::to_string(span.held) + " more like this in the last " +
                std::to_string(seconds) + " s: " + sum.message;
  return sum;
}

template <class IsOver>
std::vector<LogEvent> Repeats::end_spans(Clock::time_point now, const IsOver& is_over) {
  std::vector<LogEvent> sums;
  first_end_ = Clock::time_point::max();
  for (auto at = spans_.begin(); at != spans_.end();) {
    if (!is_over(at->second)) {
      first_end_ = std::min(first_end_, at->second.begin + kSpan);
      ++at;
      continue;
    }
    if (at->second.held > 0) sums.push_back(sum_of(std::move(at->second), now));
    at = spans_.erase(at);
  }
  std::sort(sums.begin(), sums.end(),
            [](const LogEvent& a, const LogEvent& b) { return a.time < b.time; });
  return sums;
}

std::vector<LogEvent> Repeats::due(Clock::time_point now) {
  if (now < first_end_) return {};
  return end_spans(now, [now](const Span& span) { return now - span.begin >= kSpan; });
}

std::vector<LogEvent> Repeats::all(Clock::time_point now) {
  return end_spans(now, [](const Span&) { return true; });
}

}  // namespace rare::engine
