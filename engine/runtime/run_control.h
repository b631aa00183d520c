// How a run ends before its time: by a fault, or because the user asked for it.
//
// Three steps. Draining: sources give out nothing more, what is in flight finishes. Aborting: nodes
// begin no record any more; families that are not finished are abandoned and done again by a later
// start. Cutting: requests that are still on their way are given up. A fault aborts, and lets paid
// replies come in before it cuts. Thread-safety: any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "rare/status.h"

namespace rare::engine {

class RunControl {
 public:
  void drain() { draining_.store(true); }
  void abort() {
    drain();
    aborting_.store(true);
  }
  // Ends the run with this fault; the first one is what the user is told.
  void fail(Status fault) {
    {
      const std::lock_guard lock(mutex_);
      if (!fault_) fault_ = std::move(fault);
    }
    abort();
  }
  bool draining() const { return draining_.load(); }
  bool aborting() const { return aborting_.load(); }
  std::optional<Status> fault() const {
    const std::lock_guard lock(mutex_);
    return fault_;
  }
  // Tells components to end what they do, but for requests that are paid for. Called by the watch
  // thread after abort(): callbacks of a stop token may take locks that whoever called abort()
  // holds.
  void interrupt() { stop_.request_stop(); }
  void cut() {
    cutting_.store(true);
    interrupt();
  }
  bool cutting() const { return cutting_.load(); }
  std::stop_token stop_token() const { return stop_.get_token(); }

 private:
  std::atomic<bool> draining_{false};
  std::atomic<bool> aborting_{false};
  std::atomic<bool> cutting_{false};
  mutable std::mutex mutex_;
  std::optional<Status> fault_;
  std::stop_source stop_;
};

}  // namespace rare::engine
