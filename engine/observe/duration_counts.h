// How often durations of each length came, to be kept and added up: the buckets of LatencyHistogram
// that are not empty. A value; no thread-safety of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "engine/observe/latency_histogram.h"

namespace rare::engine {

class DurationCounts {
 public:
  void record(double seconds) {
    if (!(seconds > 0)) return;  // 0: not known
    ++counts_[LatencyHistogram::longest_alike_us(static_cast<std::uint64_t>(seconds * 1e6))];
  }
  void add(std::uint64_t longest_us, std::uint64_t count) { counts_[longest_us] += count; }
  // Longest duration of each bucket in microseconds, and how many are in it.
  const std::map<std::uint64_t, std::uint64_t>& counts() const { return counts_; }
  bool empty() const { return counts_.empty(); }

  // The duration that a share `q` (0..1) of those recorded stays under; 0 when there are none.
  double quantile_ms(double q) const {
    std::uint64_t all = 0, seen = 0;
    for (const auto& [us, count] : counts_) all += count;
    if (all == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(all - 1)) + 1;
    for (const auto& [us, count] : counts_) {
      seen += count;
      if (seen >= wanted) return static_cast<double>(us) / 1000.0;
    }
    return 0;
  }
  // Durations are taken to be the longest that are counted with them.
  LatencyBuckets buckets() const {
    LatencyBuckets result;
    for (const auto& [us, count] : counts_) {
      for (std::size_t i = 0; i < LatencyBuckets::kBounds_us.size(); ++i) {
        if (us < LatencyBuckets::kBounds_us[i]) result.under[i] += count;
      }
      result.all += count;
      result.total_s += static_cast<double>(us) * 1e-6 * static_cast<double>(count);
    }
    return result;
  }
  DurationCounts& operator+=(const DurationCounts& more) {
    for (const auto& [us, count] : more.counts_) counts_[us] += count;
    return *this;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> counts_;
};

}  // namespace rare::engine
