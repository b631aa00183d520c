// How often values of some size came up, in bins that are fixed from the beginning: memory does not
// grow, and histograms of parts add up to that of the whole.
// Thread-safety: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rare/json.h"

namespace rare::look {

class Histogram {
 public:
  // Of values from 0 to 1: twenty bins, and one for exactly 1. Negative values count as 0.
  static Histogram of_shares();
  // Of any values: 0 has a bin of its own, and from 1/64 to 2^40 each bin is at most an eighth
  // wider than its smallest value (whole numbers up to 16 are apart); likewise below 0. What is
  // nearer to 0, or larger, counts in the nearest of these bins.
  static Histogram of_magnitudes();

  // Values that are no number do not count.
  void add(double value);
  // REQUIRES: the same bins.
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  // The smallest value that at least `share` of all are no larger than, as far as bins tell: the
  // middle of its bin, and never beyond the least or the most. 0 where there is none.
  double quantile(double share) const;
  // {"count", "mean", "least", "most", "p10", "p50", "p90"}; all but the first exact or null.
  Json summary() const;

  // Several as one drawing: {"edges": [...], "series": [{"name", "counts", ...summary}]}. Bin i
  // goes from edges[i] to edges[i + 1]; empty bins at both ends are left out. REQUIRES: the same
  // bins.
  static Json drawing(const std::vector<std::pair<std::string, const Histogram*>>& series);

 private:
  Histogram(bool shares, std::size_t bins) : shares_(shares), bins_(bins) {}
  std::size_t bin_of(double value) const;
  double lower_edge(std::size_t bin) const;

  bool shares_;
  std::vector<std::uint64_t> bins_;
  std::uint64_t count_ = 0;
  double sum_ = 0, least_ = 0, most_ = 0;
};

}  // namespace rare::look
