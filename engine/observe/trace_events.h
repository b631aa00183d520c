// Keeps what records did in nodes, and writes it as a trace for people to look at: JSON trace
// events as ui.perfetto.dev and chrome://tracing read them.
//
// Each node is a process with one or more tracks. What works on a record without waiting is an
// event on a track (ph X), on as many tracks as records were worked on at once; a record that waits
// is an asynchronous slice (ph b, e) with its model calls in it. Of a long run only a part is kept:
// every second, fourth, eighth, ... source record with all that came of it, so that the whole time
// of the run is covered in bounded memory. Thread-safety: visited() and ended() from any thread;
// the rest when nothing is observed any more.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "engine/observe/work_observer.h"

namespace rare::engine {

class TraceEvents final : public WorkObserver {
 public:
  static constexpr std::size_t kMostKept = 100'000;  // visits and calls: about 25 MB of JSON
  // Work for no single record is kept where it takes so long.
  static constexpr std::chrono::milliseconds kLongWork{1};

  // Nodes by the plan's index; `awaits`: of those whose operators wait.
  struct Node {
    std::string name;
    bool awaits = false;
  };
  explicit TraceEvents(std::vector<Node> nodes, std::size_t most_kept = kMostKept);

  void visited(const NodeVisit& visit) override;
  void ended(const RecordId&, std::uint64_t, bool) override {}

  // Every how many source records are kept: 1 is all of them.
  std::uint64_t stride() const { return stride_.load(); }
  // Visits of kept records that found no room, when no thinning made more.
  std::uint64_t left_out() const { return left_out_; }
  std::string json(const std::string& pipeline, const std::string& run_id) const;

 private:
  struct Kept {
    std::uint32_t node = 0;
    bool filtered = false, of_record = false;
    std::uint64_t ordinal = 0;
    std::string id, error;
    std::int64_t begin_ns = 0, end_ns = 0, cpu_ns = 0, waited_ns = 0;  // since started_
    std::vector<ModelCall> calls;
  };
  class Writer;
  std::int64_t since_start(WorkClock::time_point time) const;
  void thin_out();

  const std::vector<Node> nodes_;
  const std::size_t most_kept_;
  const WorkClock::time_point started_ = WorkClock::now();
  std::atomic<std::uint64_t> stride_{1};
  std::mutex mutex_;
  std::vector<Kept> kept_;
  std::size_t size_ = 0;  // of kept_, with calls
  bool full_ = false;     // thinning makes no room
  std::uint64_t left_out_ = 0;
};

}  // namespace rare::engine
