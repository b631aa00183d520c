#include "engine/observe/pace.h"

#include <algorithm>

namespace rare::engine {
namespace {

constexpr double kBetweenSamples_s = 0.95;  // a printer that looks each second may be early
constexpr double kLongest_s = 300;
constexpr double kRateOver_s = 10;
constexpr double kPacesOver_s[] = {15, 60, kLongest_s};
// Of a pace over less than this nothing can be said.
constexpr double kShortest_s = 2;

}  // namespace

Pace::Sample Pace::sample_of(const ProgressSnapshot& snapshot) {
  Sample sample{snapshot.elapsed_s, snapshot.finished, std::nullopt, {}, {}};
  if (snapshot.input_share && snapshot.streams) {
    const double ended = static_cast<double>(snapshot.finished) /
                         static_cast<double>(std::max<std::uint64_t>(1, snapshot.read));
    sample.share = *snapshot.input_share * std::min(1.0, ended);
  }
  for (const NodeProgress& node : snapshot.nodes) sample.nodes.push_back(node.done);
  for (const ServiceProgress& service : snapshot.services) {
    sample.services.push_back({service.calls, service.tokens()});
  }
  return sample;
}

void Pace::add(const ProgressSnapshot& snapshot) {
  if (!samples_.empty() && snapshot.elapsed_s - samples_.back().at_s < kBetweenSamples_s) return;
  samples_.push_back(sample_of(snapshot));
  // One that is older than the longest pace stays, to measure from.
  while (samples_.size() > 1 && samples_.back().at_s - samples_[1].at_s >= kLongest_s) {
    samples_.pop_front();
  }
}

// The youngest sample that is so old, or the oldest there is.
const Pace::Sample* Pace::before(double seconds) const {
  if (samples_.size() < 2) return nullptr;
  const double wanted = samples_.back().at_s - seconds;
  const auto after = std::upper_bound(samples_.begin(), samples_.end(), wanted,
                                      [](double at, const Sample& s) { return at < s.at_s; });
  const Sample& found = after == samples_.begin() ? samples_.front() : *(after - 1);
  return samples_.back().at_s - found.at_s < kShortest_s ? nullptr : &found;
}

template <class Count>
std::optional<double> Pace::rate(const Count& count) const {
  const Sample* const then = before(kRateOver_s);
  if (then == nullptr) return std::nullopt;
  const Sample& now = samples_.back();
  return static_cast<double>(count(now) - count(*then)) / (now.at_s - then->at_s);
}

std::optional<double> Pace::finished_per_s() const {
  return rate([](const Sample& sample) { return sample.finished; });
}

std::optional<double> Pace::node_per_s(std::size_t index) const {
  return rate([&](const Sample& sample) { return sample.nodes.at(index); });
}

std::optional<double> Pace::calls_per_s(std::size_t service) const {
  return rate([&](const Sample& sample) { return sample.services.at(service).calls; });
}

std::optional<double> Pace::tokens_per_s(std::size_t service) const {
  return rate([&](const Sample& sample) { return sample.services.at(service).tokens; });
}

std::optional<std::pair<double, double>> Pace::left_s() const {
  std::optional<std::pair<double, double>> left;
  for (const double seconds : kPacesOver_s) {
    const Sample* const then = before(seconds);
    if (then == nullptr || !then->share || !samples_.back().share) continue;
    const Sample& now = samples_.back();
    const double gained = *now.share - *then->share;
    if (gained <= 0) continue;
    const double at_this_pace = (1 - *now.share) * (now.at_s - then->at_s) / gained;
    if (!left) left.emplace(at_this_pace, at_this_pace);
    left->first = std::min(left->first, at_this_pace);
    left->second = std::max(left->second, at_this_pace);
  }
  return left;
}

}  // namespace rare::engine
