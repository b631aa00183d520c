#include "engine/runtime/async_node.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/runtime/boundary.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

namespace {
bool younger(const Envelope& a, const Envelope& b) {
  return a.record.id().ordinal() > b.record.id().ordinal();
}
}  // namespace

// A coroutine that starts at once and frees itself at its end. Nothing escapes from drive().
struct AsyncNode::Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

// Goes on on a resume thread.
struct AsyncNode::Hop {
  Resumer& resumer;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) { resumer.resume(self); }
  void await_resume() const noexcept {}
};

AsyncNode::AsyncNode(Flow& flow, const PlannedNode& node, AsyncOperator& instance, int parallelism,
                     Resumer& resumer)
    : flow_(flow),
      node_(node),
      ports_(node.ports()),
      instance_(instance),
      parallelism_(parallelism),
      resumer_(resumer),
      arrivals_(
          flow.graph(), fg::unlimited,
          [this](const Message& train) {
            arrive(*train);
            return fg::continue_msg();
          },
          kFeedingFirst) {}

void AsyncNode::arrive(Train& train) {
  {
    const std::lock_guard lock(mutex_);
    for (Envelope& envelope : train) {
      flow_.graph().reserve_wait();
      waiting_.push_back(std::move(envelope));
      std::push_heap(waiting_.begin(), waiting_.end(), younger);
    }
  }
  start_waiting();
}

void AsyncNode::start_waiting() {
  for (;;) {
    Envelope next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty() || running_ >= parallelism_) return;
      std::pop_heap(waiting_.begin(), waiting_.end(), younger);
      next = std::move(waiting_.back());
      waiting_.pop_back();
      ++running_;
    }
    drive(std::move(next));
  }
}

AsyncNode::Detached AsyncNode::drive(Envelope envelope) {
  Hop hop{resumer_};
  co_await hop;
  BufferedOutput output(ports_);
  Status status;
  if (flow_.control().aborting()) {
    status = Status::cancelled();
  } else {
    const InNode in_node(flow_.counters()[node_.index]);
    try {
      Record record = envelope.record.share();
      Task<Status> task = instance_.process(std::move(record), output);
      status = co_await task;
    } catch (...) {
      status = status_of_exception();
    }
  }
  end(std::move(envelope), output, status);
}

void AsyncNode::end(Envelope envelope, BufferedOutput& output, const Status& status) {
  {
    Departures departures(flow_);
    if (status.ok()) {
      flow_.release(node_, std::move(envelope), output, departures);
    } else {
      output.clear();
      flow_.fail(node_, std::move(envelope), status, departures);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  start_waiting();
  flow_.graph().release_wait();
}

}  // namespace rare::engine
