// What each node of a run costs: processor time, time on a thread, time awaiting something, model
// calls, and which records took longest.
//
// Thread-safety: visited() and ended() from any thread; the rest when nothing is observed any more.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "engine/observe/work_observer.h"

namespace rare::engine {

class RunProfile final : public WorkObserver {
 public:
  static constexpr std::size_t kSlowest = 10;  // that are kept of each node, and shown of all

  // Names of the nodes, by the plan's index.
  explicit RunProfile(std::vector<std::string> nodes);

  void visited(const NodeVisit& visit) override;
  void ended(const RecordId&, std::uint64_t, bool) override {}

  // Tables for people, in columns: nodes in the order of the plan, then the slowest records.
  std::string text(double elapsed_s) const;

 private:
  struct Slow {
    std::string id;
    std::chrono::nanoseconds duration, waited;
  };
  struct Node {
    std::string name;
    std::atomic<std::uint64_t> records{0}, calls{0};
    std::atomic<std::int64_t> cpu_ns{0}, running_ns{0}, waited_ns{0}, calls_ns{0};
    // What a record must take to be among the slowest.
    std::atomic<std::int64_t> slow_from_ns{0};
    std::mutex mutex;
    std::vector<Slow> slowest;  // a heap, the least slow on top
  };
  void keep_slow(Node& node, const NodeVisit& visit);
  static std::string longest_text(const std::vector<Slow>& slowest);
  std::string slowest_text() const;

  std::deque<Node> nodes_;  // they do not move
};

}  // namespace rare::engine
