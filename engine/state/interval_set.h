// A set of ordinals as half-open intervals: small when they are finished nearly in order.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace rare::engine {

class IntervalSet {
 public:
  using Interval = std::pair<std::uint64_t, std::uint64_t>;  // [first, second)

  void add(std::uint64_t ordinal) { add(Interval{ordinal, ordinal + 1}); }
  void add(Interval interval);
  bool contains(std::uint64_t ordinal) const;
  std::uint64_t first_missing() const;  // smallest ordinal that is not in the set
  // The smallest from `ordinal` on that is not in the set; kNone where there is none.
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  std::uint64_t next_missing(std::uint64_t ordinal) const;
  std::uint64_t size() const;      // number of ordinals
  IntervalSet complement() const;  // every other ordinal below kNone
  std::vector<Interval> intervals() const;
  bool empty() const { return intervals_.empty(); }

 private:
  std::map<std::uint64_t, std::uint64_t> intervals_;  // first -> end; disjoint, never adjacent
};

}  // namespace rare::engine
