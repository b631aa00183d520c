#include "engine/runtime/resume_threads.h"

#include "engine/observe/log.h"

namespace rare::engine {

ResumeThreads::ResumeThreads(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

ResumeThreads::~ResumeThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ResumeThreads::resume(std::coroutine_handle<> waiter) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(waiter);
  }
  wake_.notify_one();
}

void ResumeThreads::misuse(const std::string& what) {
  log_line(LogLevel::error, {}, "a plugin broke a promise: " + what);
}

void ResumeThreads::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::coroutine_handle<> next = queue_.front();
    queue_.pop_front();
    lock.unlock();
    next.resume();
    lock.lock();
  }
}

}  // namespace rare::engine
