// A look at records that pass a node while a run goes on: now and then one of them, as JSON.
//
// A tap is open for as long as somebody asks for it, and closes when nobody has for a while; where
// none is open, a record that passes costs the reading of one flag. Of an open one, at most
// kSamplesPerSecond are kept, the last kKept of them, and of each no more than kMostBytes.
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "rare/record.h"

namespace rare::engine {

class RecordTap {
 public:
  static constexpr int kSamplesPerSecond = 20;
  static constexpr std::size_t kKept = 64;
  static constexpr std::size_t kMostBytes = 64 << 10;
  static constexpr std::chrono::seconds kOpenFor{3};

  // Names of the ports of each node, by the plan's index; a sink has none.
  explicit RecordTap(std::vector<std::vector<std::string>> ports);

  bool is_open(std::uint32_t node) const {
    return nodes_[node].is_open.load(std::memory_order_relaxed);
  }
  // REQUIRES: is_open(), as a caller saw it. `port` of a sink: 0.
  void passed(std::uint32_t node, std::uint32_t port, const Record& record) {
    passed_at(std::chrono::steady_clock::now(), node, port, record);
  }

  struct Sample {
    std::uint64_t number = 0;  // 1, 2, ... of the node
    std::uint32_t port = 0;
    std::chrono::steady_clock::time_point at;
    std::string id;
    std::string record;  // as JSON, or the first kMostBytes of it
    bool is_cut = false;
  };
  struct Samples {
    std::vector<Sample> samples;  // in order
    std::uint64_t last = 0;       // number of the last one of the node, taken or not
    std::uint64_t passed = 0;     // records that passed while it was open
  };
  // Opens the tap, or keeps it open. Those of port `only` (or all) that came after number `after`.
  static constexpr std::uint32_t kAllPorts = 0xffffffff;
  Samples take(std::uint32_t node, std::uint32_t only, std::uint64_t after);

  const std::vector<std::string>& ports(std::uint32_t node) const { return nodes_[node].ports; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Node {
    std::vector<std::string> ports;
    std::atomic<bool> is_open{false};
    std::atomic<Clock::rep> next_due{0}, closes_at{0};
    std::atomic<std::uint64_t> passed{0};
    std::mutex mutex;
    std::uint64_t last = 0;      // guarded by mutex
    std::deque<Sample> samples;  // guarded by mutex
  };
  void passed_at(Clock::time_point now, std::uint32_t node, std::uint32_t port,
                 const Record& record);

  std::deque<Node> nodes_;  // they do not move
};

}  // namespace rare::engine
