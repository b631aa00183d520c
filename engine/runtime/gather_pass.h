// A whole-set operator at work over all that it took in: one instance, on a thread of its own,
// record after record in the order of the run, then finish(). What it gives out waits in a short
// queue, so that an operator that gives out millions does not have to hold them.
//
// Thread-safety: next() and end() from one thread at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/runtime/buffered_output.h"
#include "engine/runtime/observed_body.h"
#include "engine/state/gather_spill.h"
#include "engine/state/ledger.h"
#include "rare/operator.h"

namespace rare::engine {

class GatherPass {
 public:
  struct Given {
    // What was given out, or with `error` the record that the operator failed on; nothing in the
    // last one, which only carries `before`.
    std::optional<Record> record;
    Status error;
    std::uint32_t port = 0;
    NodeTally before;  // what was filtered and counted since the one before
  };

  // REQUIRES: `instance` is of `node`, is open, and outlives the pass; so does `node`.
  // `observer` may be null.
  GatherPass(const PlannedNode& node, Operator& instance, std::unique_ptr<SpilledRows> rows,
             WorkObserver* observer);
  ~GatherPass();
  GatherPass(const GatherPass&) = delete;
  GatherPass& operator=(const GatherPass&) = delete;

  enum class Wait { ready, not_yet, ended };
  // Waits no longer than `patience`. `ready`: `given` is the next; `ended`: there is nothing more,
  // and `fault` says whether that is because the pass cannot go on.
  Wait next(Given& given, Status& fault, std::chrono::milliseconds patience);
  // Returns when the operator is out of its code: its next emit() is refused.
  void end();

 private:
  class Gradual;
  void work();
  Status take_in(SpilledRow row, ObservedBody& observed);
  bool put(Given given);  // false: stopped
  bool stopped();
  void count_filtered(std::string_view reason);
  void count(const BufferedOutput& output);

  const PlannedNode& node_;
  WorkObserver* const observer_;
  Operator& instance_;
  const OutputNames names_;
  const std::unique_ptr<SpilledRows> rows_;
  NodeTally before_;  // the next one: of the pass's thread
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Given> queue_;
  bool ended_ = false, stopped_ = false;
  Status fault_;
  std::thread thread_;
};

}  // namespace rare::engine
