// What each node is doing right now, for progress lines and the manifest.
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>

#include "engine/observe/latency_histogram.h"

namespace rare::engine {

struct NodeCounter {
  std::atomic<std::int64_t> in_flight{0};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> filtered{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> dead{0};
  std::atomic<std::uint64_t> parked{0};  // wait on disk for a service that is not ready
  // Of a source: how far it is in its input, in units of its own; a total of 0 where it does not
  // say.
  std::atomic<std::uint64_t> input_done{0}, input_total{0};
  std::atomic<const char*> input_unit{""};
  // Operators that ended after the time of their record was over: their results were refused.
  std::atomic<std::uint64_t> late{0};
  LatencyHistogram latency;
};

// By the plan's node index. A deque: counters do not move.
using NodeCounters = std::deque<NodeCounter>;

// Counts one record in a node for as long as it lives.
class InNode {
 public:
  explicit InNode(NodeCounter& counter)
      : counter_(counter), start_(std::chrono::steady_clock::now()) {
    counter_.in_flight.fetch_add(1, std::memory_order_relaxed);
  }
  InNode(const InNode&) = delete;
  ~InNode() {
    counter_.latency.record(std::chrono::steady_clock::now() - start_);
    counter_.in_flight.fetch_sub(1, std::memory_order_relaxed);
    counter_.done.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  NodeCounter& counter_;
  const std::chrono::steady_clock::time_point start_;
};

// Counts the records that one body works off, one after the other: a lap each. What lies between
// two laps (passing on what was emitted) counts with the record after it; that is a tenth of a
// microsecond.
class BodyClock {
 public:
  // A body that takes longer hands on what it has: others wait for it, and for its thread.
  static constexpr std::chrono::milliseconds kSlice{1};

  explicit BodyClock(NodeCounter& counter)
      : counter_(counter), start_(std::chrono::steady_clock::now()), last_(start_) {
    counter_.in_flight.fetch_add(1, std::memory_order_relaxed);
  }
  BodyClock(const BodyClock&) = delete;
  ~BodyClock() { counter_.in_flight.fetch_sub(1, std::memory_order_relaxed); }

  void lap() {
    const auto now = std::chrono::steady_clock::now();
    counter_.latency.record(now - last_);
    counter_.done.fetch_add(1, std::memory_order_relaxed);
    last_ = now;
  }
  bool slice_is_over() const { return last_ - start_ > kSlice; }

 private:
  NodeCounter& counter_;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace rare::engine
