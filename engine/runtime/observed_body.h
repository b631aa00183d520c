// Tells an observer, where there is one, of the records that a body works off, one after the other.
// Without one, begin() and end() are a branch each.
// Thread-safety: as the body: one thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "engine/graph/plan.h"
#include "engine/observe/work_observer.h"

namespace rare::engine {

class ObservedBody {
 public:
  // REQUIRES: observer and node outlive it.
  ObservedBody(WorkObserver* observer, const PlannedNode& node) : observer_(observer), node_(node) {
    if (observer_ != nullptr) read_cpu(WorkClock::now());
  }

  // The body turns to a record.
  void begin() {
    if (observer_ != nullptr) begin_ = WorkClock::now();
  }
  // It is done with that; `id` may be null.
  void end(const RecordId* id, const Status& status, bool filtered = false) {
    if (observer_ != nullptr) tell(id, status, filtered);
  }

 private:
  // Reading the thread's processor time is a call of the system: what has taken less is taken to
  // have been at work all the time.
  static constexpr std::chrono::microseconds kShort{20};

  void read_cpu(WorkClock::time_point now) {
    read_at_ = now;
    cpu_ = thread_cpu_time();
    assumed_ = {};
  }
  void tell(const RecordId* id, const Status& status, bool filtered) {
    NodeVisit visit;
    visit.node = node_.index;
    visit.id = id;
    visit.begin = begin_;
    visit.end = WorkClock::now();
    visit.running = visit.cpu = visit.duration();
    visit.status = &status;
    visit.filtered = filtered;
    if (visit.end - read_at_ < kShort) {
      assumed_ += visit.cpu;
    } else {
      const std::chrono::nanoseconds before = cpu_ + assumed_;
      read_cpu(visit.end);
      visit.cpu = std::clamp(cpu_ - before, std::chrono::nanoseconds(0), visit.running);
    }
    observer_->visited(visit);
  }

  WorkObserver* const observer_;
  const PlannedNode& node_;
  WorkClock::time_point begin_{}, read_at_{};
  std::chrono::nanoseconds cpu_{}, assumed_{};  // at read_at_, and since
};

}  // namespace rare::engine
