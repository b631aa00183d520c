// Adapter of an AsyncOperator: up to `parallelism` coroutines in flight, on no thread.
//
// Records that arrive beyond that wait here, oldest first. Each begins on a resume thread, where it
// goes on after its waits, too: the pool's threads may all be in long bodies of CPU operators, and
// a slot of an endpoint must not stand idle for that. The flow graph is told to wait for every
// record between its arrival and its end (reserve_wait, release_wait), because a suspended
// coroutine is no task of the graph.
//
// While a service of the node is not ready, records beyond those that it may hold are parked on
// disk.
//
// With a time limit (`timeout_s`) a record may end before its coroutine does (limited_call.h). The
// request that the coroutine waits for is not cut: its reply may be paid, and is stored when it
// comes.
#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/runtime/graph_node.h"
#include "engine/runtime/limited_call.h"
#include "engine/runtime/parking.h"
#include "engine/runtime/resume_threads.h"
#include "engine/state/retry_rounds.h"
#include "rare/detached.h"
#include "rare/operator.h"

namespace rare::engine {

class AsyncNode final : public GraphNode {
 public:
  struct Setup {
    AsyncOperator* instance = nullptr;
    int parallelism = 1;
    ResumeThreads* resume_threads = nullptr;
    std::function<bool()> ready;  // the node's services; any thread
    std::string parking_folder;
    const RetryRounds* rounds = nullptr;  // outlives the node
  };
  AsyncNode(Flow& flow, const PlannedNode& node, Setup setup);
  Flow::Receiver& input() override { return arrivals_; }

  // For the thread that looks after async nodes (async_watch.h). Brings parked records back when
  // the services are ready, or gives them up when the run ends early.
  void look_at_parked();
  // Nothing: no limit.
  std::optional<LimitedCall::Clock::duration> time_limit() const { return time_limit_; }
  // Makes dead letters of records whose time was over at `now`, on a resume thread.
  void end_overdue(LimitedCall::Clock::time_point now);
  // The process did not run between the two: no record's time goes by.
  void stood_still(LimitedCall::Clock::time_point begin, LimitedCall::Clock::time_point end);
  // Coroutines under way that no record waits for. While there are any, the node must stay.
  std::int64_t late() const { return late_.load(); }

 private:
  struct Hop;
  struct Leaving;
  void arrive(Train& train);
  void start_waiting();
  void wait_here(Envelope envelope);
  // How many more it may hold.
  std::int64_t room() const;
  bool park(Envelope& envelope);
  // How many of them.
  std::int64_t resume_kept(std::int64_t wanted);
  void resume_parked(std::int64_t wanted);
  void abandon(Envelope envelope);
  void stop_resuming();
  void give_up_parked();
  Record given_to_operator(Envelope& envelope) const;
  detail::Detached drive(Envelope envelope);
  detail::Detached drive_limited(std::shared_ptr<LimitedCall> call);
  detail::Detached give_up(std::shared_ptr<LimitedCall> call);
  void end(Envelope envelope, BufferedOutput& output, const Status& status);

  Flow& flow_;
  const PlannedNode& node_;
  const OutputNames names_;
  const Setup setup_;
  const std::optional<LimitedCall::Clock::duration> time_limit_;
  Parking parking_;
  std::atomic<bool> resuming_{false};
  std::atomic<std::int64_t> late_{0};
  mutable std::mutex mutex_;
  std::unordered_set<std::shared_ptr<LimitedCall>> limited_;  // with their time running
  int running_ = 0;
  Train waiting_;  // a heap, the oldest record on top
  oneapi::tbb::flow::function_node<Message> arrivals_;
};

}  // namespace rare::engine
