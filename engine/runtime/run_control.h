// How a run ends before its time: by a fault, or because the user asked for it.
//
// Two steps. Draining: sources give out nothing more, what is in flight finishes. Aborting:
// whatever is under way is cut; families that are not finished are abandoned and done again by a
// later start. Thread-safety: any thread.
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
  // Tells components to cut what they do. Called by the watch thread after abort(): callbacks of a
  // stop token may take locks that whoever called abort() holds.
  void cut() { stop_.request_stop(); }
  std::stop_token stop_token() const { return stop_.get_token(); }

 private:
  std::atomic<bool> draining_{false};
  std::atomic<bool> aborting_{false};
  mutable std::mutex mutex_;
  std::optional<Status> fault_;
  std::stop_source stop_;
};

}  // namespace rare::engine
