#include "rare/random.h"

#include <array>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include "catch.h"

using rare::derive_seed;
using rare::Random;

TEST_CASE("the generator gives SplitMix64's published sequence") {
  // Of the reference implementation (prng.di.unimi.it/splitmix64.c) with seed 1234567.
  Random random(1234567);
  CHECK(random.next() == 6457827717110365317ULL);
  CHECK(random.next() == 3203168211198807973ULL);
  CHECK(random.next() == 9817491932198370423ULL);
  CHECK(random.next() == 4593380528125082431ULL);
  CHECK(random.next() == 16408922859458223821ULL);
  CHECK(Random(0).next() == 0xe220a8397b1dcdafULL);
}

TEST_CASE("derived seeds are those of every machine and every release") {
  CHECK(derive_seed(0, "", "") == 0xe603f73a248f3d8eULL);
  CHECK(derive_seed(0, "17", "shuffle") == 0x817302c9e74682e3ULL);
  CHECK(derive_seed(1, "17", "shuffle") == 0xa9e38f197aafac5eULL);
  CHECK(derive_seed(0xffffffffffffffffULL, "extra:17.2", "ReasonDistill") == 0x82b5075ce7d889ULL);
}

TEST_CASE("seeds differ by run, record and purpose, and where one ends and the other begins") {
  const std::set<std::uint64_t> seeds{derive_seed(0, "1", "a"), derive_seed(1, "1", "a"),
                                      derive_seed(0, "2", "a"), derive_seed(0, "1", "b"),
                                      derive_seed(0, "1a", ""), derive_seed(0, "", "1a")};
  CHECK(seeds.size() == 6);
}

TEST_CASE("below stays below its bound and reaches all of it, evenly") {
  Random random(7);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60'000; ++i) counts.at(random.below(6)) += 1;
  for (const int count : counts) {
    CHECK(count > 9'600);  // four standard deviations from 10,000
    CHECK(count < 10'400);
  }
  for (int i = 0; i < 100; ++i) CHECK(random.below(1) == 0);
  const std::uint64_t big = (1ULL << 63) + 1;
  for (int i = 0; i < 1000; ++i) CHECK(random.below(big) < big);
}

TEST_CASE("a shuffle is a permutation, the same for a seed, another for another") {
  std::vector<int> first(52), second(52), third(52);
  std::iota(first.begin(), first.end(), 0);
  second = third = first;
  const std::vector<int> sorted = first;
  Random(5).shuffle(first);
  Random(5).shuffle(second);
  Random(6).shuffle(third);
  CHECK(first == second);
  CHECK(first != third);
  CHECK(std::set<int>(first.begin(), first.end()) == std::set<int>(sorted.begin(), sorted.end()));

  std::vector<int> four{0, 1, 2, 3};
  Random(derive_seed(0, "17", "shuffle")).shuffle(four);
  CHECK(four == std::vector<int>{0, 1, 2, 3});
  std::vector<int> none;
  Random(1).shuffle(none);
  CHECK(none.empty());
}

TEST_CASE("each order of three comes up as often as any other") {
  std::array<int, 27> counts{};
  Random random(11);
  for (int i = 0; i < 60'000; ++i) {
    std::vector<int> items{0, 1, 2};
    random.shuffle(items);
    counts.at(static_cast<std::size_t>(items[0] * 9 + items[1] * 3 + items[2])) += 1;
  }
  int orders = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++orders;
    CHECK(count > 9'600);
    CHECK(count < 10'400);
  }
  CHECK(orders == 6);
}
