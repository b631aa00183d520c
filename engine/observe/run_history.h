// How a run went so far: its counts at moments of the past, the same distance apart, for charts.
//
// As it grows beyond kMostPoints, every second point goes and the distance doubles: a run of weeks
// takes no more memory than one of an hour. Thread-safety: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "engine/observe/progress_snapshot.h"
#include "rare/json.h"

namespace rare::engine {

class RunHistory {
 public:
  static constexpr std::size_t kMostPoints = 1200;

  // Times must not go backwards. What comes sooner than the distance after the last is passed over.
  void add(const ProgressSnapshot& snapshot);
  // {"nodes": [names], "services": [names], "points": [...]}: those later than `after_s`.
  // A point: {"elapsed_s", "read", "finished", "dead", "in_flight", "input_share", "memory_bytes",
  // "nodes": [done], "node_latency_ms": [[p50, p99]],
  // "services": [[calls, in_flight, limit, tokens, cost, p50_ms, p99_ms]]}; null: not known.
  // Latencies are of what ended since the point before.
  Json to_json(double after_s) const;

 private:
  using Quantiles = std::array<float, 2>;  // of milliseconds: the middle, and 99 of 100; -1: none
  struct Service {
    std::uint64_t calls = 0;
    std::int64_t in_flight = -1, limit = -1;  // -1: it does not say
    std::int64_t tokens = 0;
    double cost = -1;
    Quantiles latency_ms{};
  };
  struct Point {
    double elapsed_s = 0;
    std::uint64_t read = 0, finished = 0, dead = 0, in_flight = 0, memory_bytes = 0;
    double input_share = -1;
    std::vector<std::uint64_t> nodes;
    std::vector<Quantiles> node_latency_ms;
    std::vector<Service> services;
  };
  void thin_out();
  static Json json_of(const Point& point);

  double step_s_ = 0.9;  // looks come a second apart, more or less
  std::optional<ProgressSnapshot> last_;
  std::deque<Point> points_;
};

}  // namespace rare::engine
