// The interval set against a plain set of ordinals.
#include "engine/state/interval_set.h"

#include <random>
#include <set>

#include "catch.h"

namespace {

using rare::engine::IntervalSet;
using Intervals = std::vector<IntervalSet::Interval>;

TEST_CASE("neighbours become one interval") {
  IntervalSet set;
  CHECK(set.empty());
  CHECK(set.first_missing() == 0);
  set.add(0);
  set.add(2);
  CHECK(set.intervals() == Intervals{{0, 1}, {2, 3}});
  CHECK(set.first_missing() == 1);
  set.add(1);
  CHECK(set.intervals() == Intervals{{0, 3}});
  CHECK(set.first_missing() == 3);
  CHECK(set.size() == 3);
  CHECK_FALSE(set.empty());
}

TEST_CASE("an interval swallows those it covers or touches") {
  IntervalSet set;
  for (std::uint64_t ordinal : {2, 4, 6, 20}) set.add(ordinal);
  set.add({3, 8});
  CHECK(set.intervals() == Intervals{{2, 8}, {20, 21}});
  CHECK(set.first_missing() == 0);
  set.add({1, 1});  // empty: changes nothing
  set.add({9, 5});
  CHECK(set.intervals() == Intervals{{2, 8}, {20, 21}});
  set.add({3, 4});  // inside
  CHECK(set.size() == 7);
}

TEST_CASE("finished in order, a set stays one interval") {
  IntervalSet set;
  for (std::uint64_t ordinal = 0; ordinal < 100000; ++ordinal) set.add(ordinal);
  CHECK(set.intervals() == Intervals{{0, 100000}});
}

TEST_CASE("it behaves as a set of ordinals, whatever is added in whatever order") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    constexpr std::uint64_t kEnd = 200;
    IntervalSet set;
    std::set<std::uint64_t> expected;
    for (int step = 0; step < 80; ++step) {
      const std::uint64_t first = random() % kEnd;
      const std::uint64_t length = random() % 4 == 0 ? random() % 30 : random() % 3;
      set.add({first, first + length});
      for (std::uint64_t ordinal = first; ordinal < first + length; ++ordinal) {
        expected.insert(ordinal);
      }
      REQUIRE(set.size() == expected.size());
      std::uint64_t missing = 0;
      while (expected.count(missing) != 0) ++missing;
      REQUIRE(set.first_missing() == missing);
      const std::uint64_t from = random() % kEnd;
      std::uint64_t next = from;
      while (expected.count(next) != 0) ++next;
      REQUIRE(set.next_missing(from) == next);
      const IntervalSet others = set.complement();
      REQUIRE(others.contains(from) != set.contains(from));
      REQUIRE(others.complement().intervals() == set.intervals());
      std::uint64_t wrong = 0;
      for (std::uint64_t ordinal = 0; ordinal < kEnd + 30; ++ordinal) {
        wrong += set.contains(ordinal) != (expected.count(ordinal) != 0);
      }
      REQUIRE(wrong == 0);
      const Intervals intervals = set.intervals();
      for (std::size_t i = 0; i < intervals.size(); ++i) {
        REQUIRE(intervals[i].first < intervals[i].second);
        if (i > 0) REQUIRE(intervals[i - 1].second < intervals[i].first);
      }
    }
  }
}

}  // namespace
