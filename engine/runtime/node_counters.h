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

}  // namespace rare::engine
