// What a service's calls came to, for each node that asks. Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "rare/json.h"

namespace rare::llm {

struct CallCounts {
  std::int64_t calls = 0;       // questions put to the endpoint
  std::int64_t cache_hits = 0;  // answered by the reply store
  std::int64_t shared = 0;      // waited for an equal one
  std::int64_t retries = 0;     // transfers beyond the first of a question
  std::int64_t throttled = 0;   // 429 and 503 answers
  std::int64_t replies = 0;     // asked, received and stored
  // Of these replies, as the endpoint counts them.
  std::int64_t prompt_tokens = 0, completion_tokens = 0;

  CallCounts& operator+=(const CallCounts& more);
};

class CallAccount {
 public:
  void add(const std::string& node, const CallCounts& more) {
    const std::lock_guard lock(mutex_);
    by_node_[node] += more;
  }
  void add(const std::string& node, std::int64_t CallCounts::*count) {
    const std::lock_guard lock(mutex_);
    ++(by_node_[node].*count);
  }
  // The sums by name, and `by_node`: the same for each node.
  Json usage() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, CallCounts> by_node_;
};

}  // namespace rare::llm
