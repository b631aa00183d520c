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
#include <vector>

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

  // On a resume thread, while a coroutine runs: does `task` when nothing more is to be resumed, or
  // a little later at most: what coroutines that go on one after the other leave behind can so be
  // looked after once for all. False, and nothing is done, on any other thread.
  static bool do_afterwards(std::function<void()> task);

 private:
  using Clock = std::chrono::steady_clock;
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::coroutine_handle<>> queue_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rare::engine
