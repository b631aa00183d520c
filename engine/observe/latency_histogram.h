// A histogram of durations with a relative error of at most 1/16, in fixed memory.
//
// Buckets as in HdrHistogram: sixteen to each power of two of microseconds.
// Thread-safety: record() and quantile_ms() from any thread; a quantile that is read while others
// record is of some moment in between.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rare::engine {

// The same in few, wide buckets: how many durations were under each bound, and how many there are.
struct LatencyBuckets {
  // 64 and 256 us, then the powers of two from a thousandth of a second to eighteen minutes. Where
  // buckets of the histogram begin, so that no count is a guess.
  static constexpr std::array<std::uint64_t, 23> kBounds_us = [] {
    std::array<std::uint64_t, 23> bounds{64, 256};
    for (std::size_t i = 2; i < bounds.size(); ++i) bounds[i] = std::uint64_t{1} << (i + 8);
    return bounds;
  }();
  std::array<std::uint64_t, kBounds_us.size()> under{};
  std::uint64_t all = 0;
  double total_s = 0;

  // What came since. REQUIRES: `before` are the same at an earlier moment.
  LatencyBuckets since(const LatencyBuckets& before) const {
    LatencyBuckets result = *this;
    for (std::size_t i = 0; i < under.size(); ++i) result.under[i] -= before.under[i];
    result.all -= before.all;
    result.total_s -= before.total_s;
    return result;
  }
};

// The duration that a share `q` (0..1) of them stayed under, as if they lay evenly in each bucket;
// 0 when there are none.
inline double quantile_ms(const LatencyBuckets& buckets, double q) {
  const double wanted = q * static_cast<double>(buckets.all);
  double lower_us = 0, below = 0;
  for (std::size_t i = 0; i < LatencyBuckets::kBounds_us.size(); ++i) {
    const auto under = static_cast<double>(buckets.under[i]);
    const auto upper_us = static_cast<double>(LatencyBuckets::kBounds_us[i]);
    if (under >= wanted && under > below) {
      return (lower_us + (wanted - below) / (under - below) * (upper_us - lower_us)) / 1000;
    }
    lower_us = upper_us;
    below = under;
  }
  return buckets.all == 0 ? 0 : lower_us / 1000;
}

class LatencyHistogram {
 public:
  void record(std::chrono::nanoseconds duration) {
    const auto us = static_cast<std::uint64_t>(duration.count() / 1000);
    counts_[bucket(us)].fetch_add(1, std::memory_order_relaxed);
    total_ns_.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
  }

  // The duration that a share `q` (0..1) of those recorded stays under; 0 when there are none.
  double quantile_ms(double q) const {
    std::uint64_t all = 0;
    for (const auto& count : counts_) all += count.load(std::memory_order_relaxed);
    if (all == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(all - 1)) + 1;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i].load(std::memory_order_relaxed);
      if (seen >= wanted) return static_cast<double>(upper_us(i)) / 1000.0;
    }
    return 0;
  }

  // The longest duration that is counted with this one.
  static std::uint64_t longest_alike_us(std::uint64_t us) { return upper_us(bucket(us)); }

  // All that was recorded, for a moment in between.
  LatencyBuckets buckets() const {
    LatencyBuckets result;
    std::size_t next = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      for (; next < LatencyBuckets::kBounds_us.size(); ++next) {
        if (upper_us(i) < LatencyBuckets::kBounds_us[next]) break;
        result.under[next] = result.all;
      }
      result.all += counts_[i].load(std::memory_order_relaxed);
    }
    result.total_s = total_s();
    return result;
  }

  double total_s() const {
    return static_cast<double>(total_ns_.load(std::memory_order_relaxed)) * 1e-9;
  }

 private:
  static constexpr std::size_t kPerOctave = 16;
  static constexpr std::size_t kOctaves = 40;  // up to 2^44 us, half a year

  static std::size_t bucket(std::uint64_t us) {
    if (us < kPerOctave) return us;
    const auto octave = static_cast<std::size_t>(std::bit_width(us)) - 5;  // 16..31 -> 0
    if (octave >= kOctaves) return kPerOctave * (kOctaves + 1) - 1;
    return kPerOctave * (octave + 1) + ((us >> octave) & (kPerOctave - 1));
  }
  static std::uint64_t upper_us(std::size_t index) {
    if (index < kPerOctave) return index;
    const std::size_t octave = index / kPerOctave - 1;
    return (static_cast<std::uint64_t>(kPerOctave + index % kPerOctave + 1) << octave) - 1;
  }

  std::array<std::atomic<std::uint64_t>, kPerOctave*(kOctaves + 1)> counts_{};
  std::atomic<std::uint64_t> total_ns_{0};
};

}  // namespace rare::engine
