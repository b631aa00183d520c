#include "engine/observe/latency_histogram.h"

#include "catch.h"

using namespace std::chrono_literals;
using rare::engine::LatencyHistogram;

TEST_CASE("quantiles are right to a sixteenth over nine orders of magnitude") {
  for (const auto value : {1us, 17us, 999us, 12'345us, 1'000'000us, 3'600'000'000us}) {
    LatencyHistogram histogram;
    for (int i = 0; i < 100; ++i) histogram.record(value);
    const double expected = static_cast<double>(value.count()) / 1000;
    CHECK(histogram.quantile_ms(0.5) >= expected * 0.999);
    CHECK(histogram.quantile_ms(0.99) <= expected * 1.0625 + 0.001);
  }
}

TEST_CASE("quantiles of two groups") {
  LatencyHistogram histogram;
  for (int i = 0; i < 90; ++i) histogram.record(10ms);
  for (int i = 0; i < 10; ++i) histogram.record(1s);
  CHECK(histogram.quantile_ms(0.5) == Approx(10).epsilon(0.07));
  CHECK(histogram.quantile_ms(0.99) == Approx(1000).epsilon(0.07));
  CHECK(histogram.total_s() == Approx(10.9));
}

TEST_CASE("an empty histogram and one of absurd values") {
  LatencyHistogram histogram;
  CHECK(histogram.quantile_ms(0.5) == 0);
  histogram.record(std::chrono::hours(24 * 300));
  CHECK(histogram.quantile_ms(0.5) > 0);
}
