// Adapter of an AsyncOperator: up to `parallelism` coroutines in flight, on no thread.
//
// Records that arrive beyond that wait here, oldest first. Each begins on a resume thread, where it
// goes on after its waits, too: the pool's threads may all be in long bodies of CPU operators, and
// a slot of an endpoint must not stand idle for that. The flow graph is told to wait for every
// record between its arrival and its end (reserve_wait, release_wait), because a suspended
// coroutine is no task of the graph.
#pragma once

#include <coroutine>
#include <mutex>
#include <vector>

#include "engine/runtime/graph_node.h"
#include "rare/operator.h"

namespace rare::engine {

class AsyncNode final : public GraphNode {
 public:
  AsyncNode(Flow& flow, const PlannedNode& node, AsyncOperator& instance, int parallelism,
            Resumer& resumer);
  Flow::Receiver& input() override { return arrivals_; }

 private:
  struct Detached;
  struct Hop;
  void arrive(Train& train);
  void start_waiting();
  Detached drive(Envelope envelope);
  void end(Envelope envelope, BufferedOutput& output, const Status& status);

  Flow& flow_;
  const PlannedNode& node_;
  const std::vector<std::string> ports_;
  AsyncOperator& instance_;
  const int parallelism_;
  Resumer& resumer_;
  std::mutex mutex_;
  int running_ = 0;
  Train waiting_;  // a heap, the oldest record on top
  oneapi::tbb::flow::function_node<Message> arrivals_;
};

}  // namespace rare::engine
