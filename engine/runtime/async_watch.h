// The thread that looks after a run's async nodes: time limits that are over, and records parked
// for a service that has become ready. Without async nodes there is no thread. Thread-safety:
// settle() on one thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/runtime/async_node.h"

namespace rare::engine {

class AsyncWatch {
 public:
  // REQUIRES: the nodes outlive the object.
  explicit AsyncWatch(std::vector<AsyncNode*> nodes);
  ~AsyncWatch();
  AsyncWatch(const AsyncWatch&) = delete;
  AsyncWatch& operator=(const AsyncWatch&) = delete;

  // Waits until no coroutine works any more for a record whose time was over, for `patience` at
  // most or until `hurry` says so. False: some still do, and the nodes must not be destroyed.
  bool settle(std::chrono::duration<double> patience, const std::function<bool()>& hurry) const;

 private:
  void loop();

  const std::vector<AsyncNode*> nodes_;
  std::chrono::milliseconds step_;
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace rare::engine
