#include "engine/observe/pace.h"

#include "catch.h"

using namespace rare::engine;

namespace {

ProgressSnapshot at(double elapsed_s, std::uint64_t read, std::uint64_t finished, double share) {
  ProgressSnapshot snapshot;
  snapshot.elapsed_s = elapsed_s;
  snapshot.read = read;
  snapshot.finished = finished;
  snapshot.input_share = share;
  snapshot.nodes.emplace_back().done = 2 * finished;
  ServiceProgress& service = snapshot.services.emplace_back();
  service.calls = finished / 2;
  service.prompt_tokens = static_cast<std::int64_t>(10 * finished);
  return snapshot;
}

double least_left_s(const Pace& pace) {
  const auto left = pace.left_s();
  return left ? left->first : -1;
}

}  // namespace

TEST_CASE("nothing is said of a pace before two seconds were seen") {
  Pace pace;
  CHECK_FALSE(pace.finished_per_s());
  pace.add(at(0, 0, 0, 0));
  pace.add(at(1, 10, 10, 0.1));
  CHECK_FALSE(pace.finished_per_s());
  CHECK_FALSE(pace.left_s());
  pace.add(at(2, 20, 20, 0.2));
  CHECK(*pace.finished_per_s() == Approx(10));
  CHECK(least_left_s(pace) == Approx(8));
}

TEST_CASE("rates are those of the last ten seconds") {
  Pace pace;
  std::uint64_t finished = 0;
  for (int second = 0; second <= 120; ++second) {
    pace.add(at(second, 100'000, finished, 0.5));
    finished += second < 100 ? 10 : 40;
  }
  CHECK(*pace.finished_per_s() == Approx(40));
  CHECK(*pace.node_per_s(0) == Approx(80));
  CHECK(*pace.calls_per_s(0) == Approx(20));
  CHECK(*pace.tokens_per_s(0) == Approx(400));
}

TEST_CASE("the time left has a range where the pace changes, and forgets the start") {
  Pace pace;
  double share = 0;
  for (int second = 0; second <= 2000; ++second) {
    pace.add(at(second, 1000, 1000, share));
    // Slow for a long time, then faster, then slower again.
    share += second < 1000 ? 0.00001 : second < 1900 ? 0.0005 : 0.00025;
  }
  const auto left = pace.left_s();
  REQUIRE(left);
  CHECK(left->second == Approx((1 - share) / 0.00025).epsilon(0.01));
  CHECK(left->first < left->second);
  CHECK(left->first > (1 - share) / 0.0005);
}

TEST_CASE("what was read and has not ended is left, too") {
  Pace pace;
  for (int second = 0; second <= 10; ++second) {
    // All of the input is read at once, and worked off at a twentieth a second.
    pace.add(at(second, 2000, 100 * static_cast<std::uint64_t>(second), 1));
  }
  CHECK(least_left_s(pace) == Approx(10));
}

TEST_CASE("nobody knows when it ends without the input's size, or behind the whole set") {
  Pace of_unknown, of_set;
  for (int second = 0; second <= 10; ++second) {
    ProgressSnapshot snapshot = at(second, 1000, 1000, second / 100.0);
    snapshot.streams = false;
    of_set.add(snapshot);
    snapshot.streams = true;
    snapshot.input_share.reset();
    of_unknown.add(snapshot);
  }
  CHECK_FALSE(of_unknown.left_s());
  CHECK_FALSE(of_set.left_s());
}

TEST_CASE("a run that stands has no end in sight") {
  Pace pace;
  for (int second = 0; second <= 400; ++second) pace.add(at(second, 1000, 500, 0.5));
  CHECK(*pace.finished_per_s() == 0);
  CHECK_FALSE(pace.left_s());
}
