// Which node's code a thread runs: for the report of a crash, which can ask nobody else.
#pragma once

#include "engine/graph/plan.h"

namespace rare::engine {

// Of this thread; nullptr: none that is known. What a coroutine does once it has waited is none.
inline thread_local const PlannedNode* node_at_work = nullptr;

class AtWork {
 public:
  explicit AtWork(const PlannedNode& node) : before_(node_at_work) { node_at_work = &node; }
  ~AtWork() { node_at_work = before_; }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;

 private:
  const PlannedNode* const before_;
};

}  // namespace rare::engine
