#include "histogram.h"

#include <algorithm>
#include <cmath>

namespace rare::look {
namespace {

constexpr std::size_t kShareBins = 20;
constexpr int kBinsPerDoubling = 8;
// Of std::frexp: a value in [2^(e-1), 2^e) has the exponent e.
constexpr int kLeastExponent = -5;
constexpr int kMostExponent = 40;
// Of the values above 0; as many are below, and one between.
constexpr std::size_t kMagnitudeBins =
    static_cast<std::size_t>((kMostExponent - kLeastExponent + 1) * kBinsPerDoubling);

// From 1 on; 0 has 0.
std::size_t magnitude_bin(double magnitude) {
  if (magnitude <= 0) return 0;
  int exponent = 0;
  const double mantissa = std::frexp(magnitude, &exponent);  // in [0.5, 1)
  if (exponent < kLeastExponent) return 1;
  if (exponent > kMostExponent) return kMagnitudeBins;
  const int part = static_cast<int>((mantissa - 0.5) * 2 * kBinsPerDoubling);
  return 1 + static_cast<std::size_t>((exponent - kLeastExponent) * kBinsPerDoubling + part);
}

double least_magnitude(std::size_t bin) {
  if (bin == 0) return 0;
  const int step = static_cast<int>(bin - 1);
  const double mantissa = 0.5 + 0.5 * (step % kBinsPerDoubling) / kBinsPerDoubling;
  return std::ldexp(mantissa, step / kBinsPerDoubling + kLeastExponent);
}

}  // namespace

Histogram Histogram::of_shares() { return Histogram(true, kShareBins + 1); }
Histogram Histogram::of_magnitudes() { return Histogram(false, 2 * kMagnitudeBins + 1); }

std::size_t Histogram::bin_of(double value) const {
  if (shares_) return static_cast<std::size_t>(std::clamp(value, 0.0, 1.0) * kShareBins);
  const std::size_t magnitude = magnitude_bin(std::abs(value));
  return value < 0 ? kMagnitudeBins - magnitude : kMagnitudeBins + magnitude;
}

double Histogram::lower_edge(std::size_t bin) const {
  if (shares_) return static_cast<double>(bin) / kShareBins;
  return bin < kMagnitudeBins ? -least_magnitude(kMagnitudeBins - bin + 1)
                              : least_magnitude(bin - kMagnitudeBins);
}

void Histogram::add(double value) {
  if (!std::isfinite(value)) return;
  if (shares_) value = std::max(value, 0.0);
  ++bins_[bin_of(value)];
  least_ = count_ == 0 ? value : std::min(least_, value);
  most_ = count_ == 0 ? value : std::max(most_, value);
  sum_ += value;
  ++count_;
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = 0; i < bins_.size(); ++i) bins_[i] += other.bins_[i];
  least_ = count_ == 0 ? other.least_ : std::min(least_, other.least_);
  most_ = count_ == 0 ? other.most_ : std::max(most_, other.most_);
  sum_ += other.sum_;
  count_ += other.count_;
}

double Histogram::quantile(double share) const {
  if (count_ == 0) return 0;
  const double wanted = std::max(1.0, std::ceil(share * static_cast<double>(count_)));
  double seen = 0;
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    seen += static_cast<double>(bins_[bin]);
    if (seen < wanted) continue;
    const double low = lower_edge(bin);
    const double high = bin + 1 < bins_.size() ? lower_edge(bin + 1) : low;
    // A bin that holds one whole number stands for it, which is the end nearer to 0.
    const double whole = bin < kMagnitudeBins ? high : low;
    const double middle = !shares_ && high - low <= 1 ? whole : (low + high) / 2;
    return std::clamp(middle, least_, most_);
  }
  return most_;
}

Json Histogram::summary() const {
  if (count_ == 0) return {{"count", 0}};
  return {{"count", count_},      {"mean", sum_ / static_cast<double>(count_)},
          {"least", least_},      {"most", most_},
          {"p10", quantile(0.1)}, {"p50", quantile(0.5)},
          {"p90", quantile(0.9)}};
}

Json Histogram::drawing(const std::vector<std::pair<std::string, const Histogram*>>& series) {
  std::size_t first = std::string::npos, last = 0;
  for (const auto& [name, histogram] : series) {
    for (std::size_t bin = 0; bin < histogram->bins_.size(); ++bin) {
      if (histogram->bins_[bin] == 0) continue;
      first = std::min(first, bin);
      last = std::max(last, bin);
    }
  }
  Json drawing = {{"edges", Json::array()}, {"series", Json::array()}};
  if (first == std::string::npos) return drawing;
  const Histogram& any = *series.front().second;
  for (std::size_t bin = first; bin <= last; ++bin) {
    drawing["edges"].push_back(any.lower_edge(bin));
  }
  drawing["edges"].push_back(any.lower_edge(last + 1));
  for (const auto& [name, histogram] : series) {
    Json one = histogram->summary();
    one["name"] = name;
    one["counts"] = Json::array();
    for (std::size_t bin = first; bin <= last; ++bin) {
      one["counts"].push_back(histogram->bins_[bin]);
    }
    drawing["series"].push_back(std::move(one));
  }
  return drawing;
}

}  // namespace rare::look
