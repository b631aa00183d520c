// Notices that nothing in a run moves any more, and says who holds what and waits for whom.
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/observe/progress_snapshot.h"

namespace rare::engine {

class StallWatch {
 public:
  // What is to be told at this look, if anything: after 60 s without a record read, done with by a
  // node or finished, and without a call answered (after twice the longest pause that was told
  // before); then after twice as long, and so on; and once it goes on again.
  std::optional<std::string> look(const ProgressSnapshot& snapshot);

 private:
  std::uint64_t moved_ = 0;  // all that was counted when something last moved
  double moved_at_s_ = 0;
  double next_told_after_s_ = 0;  // 0: not begun
  double longest_s_ = 0;          // of the pauses that were told
  bool told_ = false;
};

// "questions holds 8 of 8; teacher: 8 calls in flight"
std::string what_is_held(const ProgressSnapshot& snapshot);

}  // namespace rare::engine
