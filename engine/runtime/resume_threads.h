// Where suspended coroutines go on: a few threads of their own.
//
// Neither the network thread (parsing one reply would stall all slots) nor the pool that runs CPU
// operators (a record would wait behind their bodies). Threads and not a task_arena: an arena gets
// workers only when the pool has some to spare, and on two cores it has one.
// Thread-safety: resume() from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/runtime/record_coroutine.h"
#include "rare/task.h"

namespace rare::engine {

class ResumeThreads final : public Resumer {
 public:
  explicit ResumeThreads(int threads = 2);
  // REQUIRES: nothing is resumed any more, and whoever resumed has returned from resume():
  // services, whose threads do, are destroyed before. Ends the threads after what is queued.
  ~ResumeThreads() override;
  void resume(std::coroutine_handle<> waiter) override;
  void misuse(const std::string& what) override;

  // For the coroutine of a record: it goes on through what this gives. `observer` may be null.
  RecordTurn begin_record(const PlannedNode& node, const RecordId& id, WorkObserver* observer);

  // On a resume thread, while a coroutine runs: does `task` when nothing more is to be resumed, or
  // a little later at most: what coroutines that go on one after the other leave behind can so be
  // looked after once for all. False, and nothing is done, on any other thread.
  static bool do_afterwards(std::function<void()> task);

 private:
  friend class RecordCoroutine;
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    std::coroutine_handle<> coroutine;
    RecordCoroutine* record;  // nullptr: nobody's that is known
  };
  void loop();
  static void go_on(const Waiting& next);
  void put(const Waiting& waiting);
  void resume_as(RecordCoroutine& record, std::coroutine_handle<> waiter);
  void take_back(RecordCoroutine& record);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> queue_;
  bool ending_ = false;
  std::mutex records_mutex_;
  std::deque<RecordCoroutine> records_;  // they do not move
  std::vector<RecordCoroutine*> idle_;
  std::vector<std::thread> threads_;
};

}  // namespace rare::engine
