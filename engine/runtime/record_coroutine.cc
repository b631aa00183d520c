#include "engine/runtime/record_coroutine.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/at_work.h"
#include "engine/runtime/long_work.h"
#include "engine/runtime/resume_threads.h"

namespace rare::engine {
namespace {

thread_local constinit Stretch* stretch_of_thread = nullptr;

}  // namespace

void RecordCoroutine::resume(std::coroutine_handle<> waiter) { threads_.resume_as(*this, waiter); }

void RecordCoroutine::misuse(const std::string& what) { threads_.misuse(what); }

void RecordCoroutine::begin(const PlannedNode& node, const RecordId& id, WorkObserver* observer) {
  const std::lock_guard lock(mutex_);
  node_ = &node;
  id_ = id;
  observer_ = observer;
}

void RecordCoroutine::tell(const PlannedNode& node, const Status& status, bool filtered) {
  std::unique_lock lock(mutex_);
  if (observer_ == nullptr) return;
  NodeVisit visit;
  visit.node = node.index;
  visit.begin = begin_;
  visit.cpu = cpu_;
  visit.running = running_;
  visit.status = &status;
  visit.filtered = filtered;
  if (stretch_of_thread != nullptr && &stretch_of_thread->coroutine_ == this) {
    const Stretch::Spent now = stretch_of_thread->spent();
    visit.cpu += now.cpu;
    visit.running += now.running;
  }
  visit.end = WorkClock::now();
  // A thread that leaves a stretch may do so while the next one has begun on another.
  visit.running = std::min(visit.running, visit.duration());
  visit.cpu = std::min(visit.cpu, visit.running);
  const std::vector<ModelCall> calls = std::exchange(calls_, {});
  const RecordId id = id_;
  WorkObserver& observer = *std::exchange(observer_, nullptr);
  lock.unlock();
  visit.calls = calls;
  visit.id = &id;
  observer.visited(visit);
}

void RecordCoroutine::end() {
  if (stretch_of_thread != nullptr && &stretch_of_thread->coroutine_ == this) {
    stretch_of_thread->leave();
  }
  {
    const std::lock_guard lock(mutex_);
    ++turn_;
    observer_ = nullptr;
    begin_ = {};
    cpu_ = running_ = {};
    calls_.clear();
  }
  threads_.take_back(*this);
}

std::uint64_t RecordCoroutine::turn() const {
  const std::lock_guard lock(mutex_);
  return turn_;
}

void RecordCoroutine::note_call(std::uint64_t turn, ModelCall call) {
  const std::lock_guard lock(mutex_);
  if (turn == turn_ && observer_ != nullptr) calls_.push_back(std::move(call));
}

Stretch::Stretch(RecordCoroutine& coroutine) : coroutine_(coroutine) {
  const PlannedNode* node = nullptr;
  {
    const std::lock_guard lock(coroutine_.mutex_);
    node = coroutine_.node_;
    id_ = coroutine_.id_;
    turn_ = coroutine_.turn_;
    observed_ = coroutine_.observer_ != nullptr;
    if (observed_) {
      begin_ = WorkClock::now();
      if (coroutine_.begin_ == WorkClock::time_point()) coroutine_.begin_ = begin_;
    }
  }
  if (observed_) cpu_before_ = thread_cpu_time();
  record_of_thread = &id_;
  work_of_thread = Work(*node);
  stretch_of_thread = this;
  ThreadWork::here().begin_coroutine(*node, id_);
}

Stretch::~Stretch() {
  leave();
  if (!observed_) return;
  const Spent now = spent();
  const std::lock_guard lock(coroutine_.mutex_);
  if (coroutine_.turn_ != turn_) return;
  coroutine_.cpu_ += now.cpu;
  coroutine_.running_ += now.running;
}

RecordCoroutine* Stretch::of_thread() {
  return stretch_of_thread != nullptr ? &stretch_of_thread->coroutine_ : nullptr;
}

Stretch::Spent Stretch::spent() const {
  if (!observed_) return {};
  return {thread_cpu_time() - cpu_before_, WorkClock::now() - begin_};
}

void Stretch::leave() {
  ThreadWork::here().end();
  work_of_thread = Work();
  record_of_thread = nullptr;
  stretch_of_thread = nullptr;
}

}  // namespace rare::engine
