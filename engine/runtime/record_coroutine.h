// The coroutine of one record in an async node, as the threads know it on which it goes on.
//
// A thread that runs a stretch of it says so (Stretch): to the log, to a report of a crash, and to
// whoever looks who blocks a thread. What the operator asks for meanwhile is
// completed through the coroutine's own Resumer, this object: so the thread on which it goes on
// knows again whose it is, although a handle says nothing of that. What a service completes through
// a Resumer that it took at another time goes on as nobody's.
//
// Ownership: of ResumeThreads, which use them again for other records and never free them before: a
// service that sets a Completion twice may come back when the record has long gone.
// Thread-safety: any thread.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/observe/work_observer.h"
#include "rare/record.h"
#include "rare/task.h"

namespace rare::engine {

class ResumeThreads;

class RecordCoroutine final : public Resumer {
 public:
  explicit RecordCoroutine(ResumeThreads& threads) : threads_(threads) {}
  void resume(std::coroutine_handle<> waiter) override;
  void misuse(const std::string& what) override;

  // The record comes. `observer` is told of it; may be null. REQUIRES: the plan outlives this.
  void begin(const PlannedNode& node, const RecordId& id, WorkObserver* observer);
  // The operator is done with the record, or its time was over: tells the observer.
  void tell(const PlannedNode& node, const Status& status, bool filtered);
  // The record has gone, and another may come.
  void end();

  // Which of the records that it has had it has now.
  std::uint64_t turn() const;
  // Told with the record, if that is still in its turn.
  void note_call(std::uint64_t turn, ModelCall call);

 private:
  friend class Stretch;
  ResumeThreads& threads_;
  mutable std::mutex mutex_;
  std::uint64_t turn_ = 0;
  const PlannedNode* node_ = nullptr;
  RecordId id_;
  WorkObserver* observer_ = nullptr;
  WorkClock::time_point begin_{};               // of its first stretch
  std::chrono::nanoseconds cpu_{}, running_{};  // of stretches that have ended
  std::vector<ModelCall> calls_;
};

// One record's turn of a RecordCoroutine.
struct EndRecordCoroutine {
  void operator()(RecordCoroutine* coroutine) const { coroutine->end(); }
};
using RecordTurn = std::unique_ptr<RecordCoroutine, EndRecordCoroutine>;

// What a thread does for one coroutine until that waits or ends.
class Stretch {
 public:
  // REQUIRES: no other stretch lives on this thread.
  explicit Stretch(RecordCoroutine& coroutine);
  ~Stretch();
  Stretch(const Stretch&) = delete;
  Stretch& operator=(const Stretch&) = delete;

  // Whose stretch this thread runs; nullptr: nobody's that is known.
  static RecordCoroutine* of_thread();

 private:
  friend class RecordCoroutine;
  struct Spent {
    std::chrono::nanoseconds cpu{}, running{};
  };
  Spent spent() const;
  void leave();

  RecordCoroutine& coroutine_;
  RecordId id_;  // a copy: the record may go before the stretch ends
  std::uint64_t turn_ = 0;
  bool observed_ = false;
  WorkClock::time_point begin_{};
  std::chrono::nanoseconds cpu_before_{};
};

// What is asked for on this thread is to be completed through this.
inline Resumer& resumer_of_thread(Resumer& of_nobody) {
  RecordCoroutine* const coroutine = Stretch::of_thread();
  return coroutine != nullptr ? *coroutine : of_nobody;
}

}  // namespace rare::engine
