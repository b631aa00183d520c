// How many shards of a run are at work, on all machines: each keeps a file in the shared folder
// young.
//
// What is young is seen by the clock of the file server alone, as each compares with its own file:
// clocks of machines may differ. Thread-safety: count() from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rare/status.h"

namespace rare::engine {

class ShardPresence {
 public:
  // Present as `name` in `folder`, which is made where it is missing, until this ends. Where the
  // folder cannot be written or read, this shard counts alone.
  ShardPresence(std::string folder, std::string name);
  ~ShardPresence();
  ShardPresence(const ShardPresence&) = delete;
  ShardPresence& operator=(const ShardPresence&) = delete;

  // Those that were there a few seconds ago, this one included. One that was killed counts for
  // half a minute more.
  int count() const { return count_.load(std::memory_order_relaxed); }

  // The names of those that were there a few seconds ago, as seen by who is none of them.
  static Result<std::vector<std::string>> names_in(const std::string& folder);

 private:
  void keep_on();
  void look();

  const std::string folder_, file_;
  std::atomic<int> count_{1};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace rare::engine
