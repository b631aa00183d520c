// Traces of source records: one trace for each that is sampled, a span for it and all that came of
// it, one for each of these in each node, and one for each model call.
//
// Which records are sampled follows from their ids alone. Thread-safety: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/observe/span.h"
#include "engine/observe/work_observer.h"

namespace rare::engine {

class RecordTraces final : public WorkObserver {
 public:
  struct Setup {
    std::vector<std::string> nodes;  // their names, by the plan's index
    std::uint32_t sources = 0;       // places of ids below this are of sources' records
    std::vector<bool> is_source;     // by the plan's index
    double share = 1;                // of source records
    std::uint64_t nonce = 0;         // another one for each start: ids follow from it
    std::function<void(std::vector<Span>)> take;
  };
  explicit RecordTraces(Setup setup);

  void visited(const NodeVisit& visit) override;
  void ended(const RecordId& root, std::uint64_t dead, bool abandoned) override;

 private:
  using Key = std::pair<std::uint32_t, std::uint64_t>;  // source, ordinal
  // Those whose end is not seen are bounded by that.
  static constexpr std::size_t kMostOpen = 100'000;

  bool is_sampled(const RecordId& id) const;
  Span begin_span(const RecordId& id, WorkClock::time_point begin, WorkClock::time_point end);
  std::int64_t unix_ns(WorkClock::time_point time) const;
  std::uint64_t next_id();
  void note_begin(const NodeVisit& visit);

  const Setup setup_;
  const std::int64_t to_unix_ns_;  // what is added to the steady clock
  std::atomic<std::uint64_t> spans_{0};
  std::mutex mutex_;
  std::map<Key, WorkClock::time_point> open_;
};

}  // namespace rare::engine
