#include "engine/runtime/async_node.h"

#include <exception>
#include <utility>

#include "engine/runtime/boundary.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

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

AsyncNode::AsyncNode(Flow& flow, const PlannedNode& node, AsyncOperator& instance, int parallelism)
    : flow_(flow),
      node_(node),
      ports_(node.ports()),
      instance_(instance),
      parallelism_(parallelism),
      arrivals_(
          flow.graph(), fg::unlimited,
          [this](Message message) {
            arrive(std::move(message));
            return fg::continue_msg();
          },
          static_cast<fg::node_priority_t>(node.depth + 1)),
      starter_(
          flow.graph(), fg::unlimited,
          [this](Message message) {
            drive(std::move(message));
            return fg::continue_msg();
          },
          static_cast<fg::node_priority_t>(node.depth + 1)) {}

void AsyncNode::arrive(Message message) {
  flow_.graph().reserve_wait();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push(std::move(message));
  }
  start_waiting();
}

void AsyncNode::start_waiting() {
  for (;;) {
    Message next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty() || running_ >= parallelism_) return;
      next = waiting_.top();
      waiting_.pop();
      ++running_;
    }
    // The operator's code up to its first wait is CPU work: it belongs on the pool's threads, not
    // on the thread that resumed the record before.
    Message kept = next;
    if (!starter_.try_put(std::move(next))) {
      BufferedOutput nothing(ports_);
      end(std::move(kept), nothing,
          Status::run_fault(StatusCode::internal, "the flow graph rejected a record"));
    }
  }
}

AsyncNode::Detached AsyncNode::drive(Message message) {
  BufferedOutput output(ports_);
  Status status;
  if (flow_.control().aborting()) {
    status = Status::cancelled();
  } else {
    const InNode in_node(flow_.counters()[node_.index]);
    try {
      Record record = message->record.share();
      Task<Status> task = instance_.process(std::move(record), output);
      status = co_await task;
    } catch (...) {
      status = status_of_exception();
    }
  }
  end(std::move(message), output, status);
}

void AsyncNode::end(Message message, BufferedOutput& output, const Status& status) {
  if (status.ok()) {
    flow_.release(node_, std::move(message), output);
  } else {
    output.emissions.clear();
    flow_.fail(node_, std::move(message), status);
  }
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  start_waiting();
  flow_.graph().release_wait();
}

}  // namespace rare::engine
