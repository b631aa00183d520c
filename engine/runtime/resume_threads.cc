#include "engine/runtime/resume_threads.h"

#include <utility>

#include "engine/observe/log.h"
#include "engine/runtime/crash_report.h"
#include "engine/runtime/long_work.h"

namespace rare::engine {
namespace {

constexpr int kMostBeforeAfterwards = 16;
constexpr auto kLongestBeforeAfterwards = std::chrono::milliseconds(1);

// Of a resume thread: what is to be done after its coroutines; null on other threads.
thread_local std::vector<std::function<void()>>* afterwards = nullptr;

}  // namespace

bool ResumeThreads::do_afterwards(std::function<void()> task) {
  if (afterwards == nullptr) return false;
  afterwards->push_back(std::move(task));
  return true;
}

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

void ResumeThreads::put(const Waiting& waiting) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(waiting);
  }
  wake_.notify_one();
}

void ResumeThreads::resume(std::coroutine_handle<> waiter) { put({waiter, nullptr}); }

void ResumeThreads::resume_as(RecordCoroutine& record, std::coroutine_handle<> waiter) {
  put({waiter, &record});
}

RecordTurn ResumeThreads::begin_record(const PlannedNode& node, const RecordId& id,
                                       WorkObserver* observer) {
  RecordCoroutine* record = nullptr;
  {
    const std::lock_guard lock(records_mutex_);
    if (idle_.empty()) idle_.push_back(&records_.emplace_back(*this));
    record = idle_.back();
    idle_.pop_back();
  }
  record->begin(node, id, observer);
  return RecordTurn(record);
}

void ResumeThreads::take_back(RecordCoroutine& record) {
  const std::lock_guard lock(records_mutex_);
  idle_.push_back(&record);
}

void ResumeThreads::misuse(const std::string& what) {
  log_line(LogLevel::error, {}, "a plugin broke a promise: " + what);
}

void ResumeThreads::go_on(const Waiting& next) {
  if (next.record != nullptr) {
    const Stretch stretch(*next.record);
    next.coroutine.resume();
    return;
  }
  ThreadWork& work = ThreadWork::here();
  work.begin_again(next.coroutine);
  next.coroutine.resume();
  work.end();
}

void ResumeThreads::loop() {
  begin_engine_thread("coroutines");
  std::vector<std::function<void()>> tasks;
  afterwards = &tasks;
  int resumed = 0;
  Clock::time_point begin;
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool is_due = !tasks.empty() && (queue_.empty() || resumed >= kMostBeforeAfterwards ||
                                           Clock::now() - begin >= kLongestBeforeAfterwards);
    if (is_due) {
      lock.unlock();
      for (const std::function<void()>& task : std::exchange(tasks, {})) task();
      lock.lock();
      continue;
    }
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Waiting next = queue_.front();
    queue_.pop_front();
    lock.unlock();
    if (tasks.empty()) {
      resumed = 0;
      begin = Clock::now();
    }
    ++resumed;
    go_on(next);
    lock.lock();
  }
}

}  // namespace rare::engine
