// How fast a run is now, and when it will end at that pace: from what was seen in the last minutes,
// not since the start. Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "engine/observe/progress_snapshot.h"

namespace rare::engine {

class Pace {
 public:
  // Times must not go backwards. More often than once a second is of no use and ignored.
  void add(const ProgressSnapshot& snapshot);

  // Records finished a second, over the last ten seconds; nothing before two were seen.
  std::optional<double> finished_per_s() const;
  // Records that node `index` was done with a second.
  std::optional<double> node_per_s(std::size_t index) const;
  std::optional<double> calls_per_s(std::size_t service) const;
  std::optional<double> tokens_per_s(std::size_t service) const;

  // Seconds to the end, the least and the most, by the paces of the last 15, 60 and 300 seconds.
  // Counts the bytes of the input that are left, and the records that were read and have not
  // ended. Nothing where the input's size is unknown, or nothing moved for so long.
  std::optional<std::pair<double, double>> left_s() const;

 private:
  struct Service {
    std::uint64_t calls;
    std::int64_t tokens;
  };
  struct Sample {
    double at_s;
    std::uint64_t finished;
    std::optional<double> share;  // of the whole run that is done
    std::vector<std::uint64_t> nodes;
    std::vector<Service> services;
  };
  static Sample sample_of(const ProgressSnapshot& snapshot);
  const Sample* before(double seconds) const;
  template <class Count>
  std::optional<double> rate(const Count& count) const;

  std::deque<Sample> samples_;
};

}  // namespace rare::engine
