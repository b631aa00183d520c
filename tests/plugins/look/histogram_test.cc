#include "plugins/look/histogram.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "catch.h"

namespace rare::look {
namespace {

TEST_CASE(
    "a histogram of magnitudes keeps small whole numbers apart and large ones within an eighth") {
  Histogram lengths = Histogram::of_magnitudes();
  for (int value = 0; value <= 100; ++value) lengths.add(value);
  CHECK(lengths.count() == 101);
  CHECK(lengths.quantile(0) == 0);
  CHECK(lengths.quantile(0.1) == 10);
  CHECK(lengths.quantile(0.5) == Approx(50).epsilon(0.125));
  CHECK(lengths.quantile(1) == Approx(100).epsilon(0.125));
  const Json summary = lengths.summary();
  CHECK(summary["mean"] == 50.0);
  CHECK(summary["least"] == 0.0);
  CHECK(summary["most"] == 100.0);
}

TEST_CASE("a histogram takes what is out of bounds and leaves out what is no number") {
  Histogram lengths = Histogram::of_magnitudes();
  for (const double value : {-3.0, 1e-9, 1e300}) lengths.add(value);
  lengths.add(std::numeric_limits<double>::quiet_NaN());
  lengths.add(std::numeric_limits<double>::infinity());
  CHECK(lengths.count() == 3);
  CHECK(lengths.summary()["least"] == -3.0);
  Histogram shares = Histogram::of_shares();
  for (const double value : {0.0, 0.999, 1.0, 7.0}) shares.add(value);
  const Json drawing = Histogram::drawing({{"shares", &shares}});
  const Json& counts = drawing["series"][0]["counts"];
  REQUIRE(counts.size() == 21);
  CHECK(counts[0] == 1);
  CHECK(counts[19] == 1);
  CHECK(counts[20] == 2);
}

TEST_CASE("values below 0 have bins of their own, and count as what they are") {
  Histogram scores = Histogram::of_magnitudes();
  for (const double value : {-8.0, -7.0, -0.5, 0.0, 2.0}) scores.add(value);
  const Json summary = scores.summary();
  CHECK(summary["least"] == -8.0);
  CHECK(summary["most"] == 2.0);
  CHECK(summary["mean"] == Approx(-2.7));
  CHECK(scores.quantile(0.2) == -8);
  CHECK(scores.quantile(0.4) == -7);
  CHECK(scores.quantile(0.6) == -0.5);
  CHECK(scores.quantile(0.8) == 0);
  const Json drawing = Histogram::drawing({{"scores", &scores}});
  const std::vector<double> edges = drawing["edges"];
  CHECK(std::is_sorted(edges.begin(), edges.end()));
  CHECK(edges.front() == -9.0);
  CHECK(edges.back() == 2.25);
  CHECK(drawing["series"][0]["counts"].front() == 1);
}

TEST_CASE("histograms of parts add up to that of the whole") {
  Histogram whole = Histogram::of_magnitudes(), even = whole, odd = whole;
  for (int value = 1; value < 5000; value += 7) {
    whole.add(value);
    (value % 2 == 0 ? even : odd).add(value);
  }
  even.merge(odd);
  even.merge(Histogram::of_magnitudes());
  CHECK(Histogram::drawing({{"a", &even}}) == Histogram::drawing({{"a", &whole}}));
}

TEST_CASE("a drawing has an edge more than bins, and none where nothing is counted") {
  Histogram one = Histogram::of_magnitudes(), none = one;
  one.add(5);
  one.add(7);
  const Json drawing = Histogram::drawing({{"one", &one}, {"none", &none}});
  CHECK(drawing["edges"] == Json({5.0, 5.5, 6.0, 6.5, 7.0, 7.5}));
  CHECK(drawing["series"][0]["counts"] == Json({1, 0, 0, 0, 1}));
  CHECK(drawing["series"][1]["count"] == 0);
  CHECK(Histogram::drawing({{"none", &none}})["edges"].empty());
}

}  // namespace
}  // namespace rare::look
