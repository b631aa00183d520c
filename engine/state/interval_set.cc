#include "engine/state/interval_set.h"

#include <algorithm>
#include <iterator>

namespace rare::engine {

void IntervalSet::add(Interval interval) {
  auto [first, end] = interval;
  if (first >= end) return;
  auto next = intervals_.upper_bound(first);
  // The neighbour on the left takes the new one in when they overlap or touch.
  if (next != intervals_.begin()) {
    const auto left = std::prev(next);
    if (left->second >= first) {
      first = left->first;
      end = std::max(end, left->second);
      next = intervals_.erase(left);
    }
  }
  while (next != intervals_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = intervals_.erase(next);
  }
  intervals_.emplace_hint(next, first, end);
}

bool IntervalSet::contains(std::uint64_t ordinal) const {
  const auto next = intervals_.upper_bound(ordinal);
  return next != intervals_.begin() && std::prev(next)->second > ordinal;
}

std::uint64_t IntervalSet::first_missing() const {
  const auto first = intervals_.begin();
  return first == intervals_.end() || first->first > 0 ? 0 : first->second;
}

std::uint64_t IntervalSet::next_missing(std::uint64_t ordinal) const {
  const auto next = intervals_.upper_bound(ordinal);
  if (next == intervals_.begin()) return ordinal;
  return std::max(ordinal, std::prev(next)->second);
}

std::uint64_t IntervalSet::size() const {
  std::uint64_t ordinals = 0;
  for (const auto& [first, end] : intervals_) ordinals += end - first;
  return ordinals;
}

IntervalSet IntervalSet::complement() const {
  IntervalSet others;
  std::uint64_t next = 0;
  for (const auto& [first, end] : intervals_) {
    others.add({next, first});
    next = end;
  }
  others.add({next, kNone});
  return others;
}

std::vector<IntervalSet::Interval> IntervalSet::intervals() const {
  return {intervals_.begin(), intervals_.end()};
}

}  // namespace rare::engine
