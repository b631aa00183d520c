// Who gives out more children than one credit carries, and where they wait (held_children.h).
//
// While children wait, sources begin nothing new: what was begun is finished first.
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/runtime/buffered_output.h"
#include "engine/runtime/credits.h"
#include "engine/runtime/held_children.h"
#include "engine/state/segment_store.h"

namespace rare::engine {

class Overflow {
 public:
  // What one credit carries. No folder: all children stay in memory.
  struct Limits {
    std::string folder;  // for what waits; exists
    std::size_t records = 64;
    std::size_t bytes = 1u << 20;
  };
  Overflow(Credits& credits, Limits limits)
      : credits_(credits), limits_(std::move(limits)), disk_(limits_.folder) {}

  // For an operator's output.
  BufferedOutput::Room room() {
    return {limits_.folder.empty() ? nullptr : &disk_, limits_.records, limits_.bytes};
  }
  SegmentStore& disk() { return disk_; }
  std::size_t most_bytes() const { return limits_.bytes; }

  void add(std::shared_ptr<HeldChildren> held);
  struct Ready {
    std::shared_ptr<HeldChildren> held;
    HeldPart part;
  };
  // A part that begins with a credit of its own, if one waits and a credit is free. REQUIRES:
  // called whenever a part or a family has ended; progress does not depend on it.
  std::optional<Ready> next();
  // Of `held` no more parts begin.
  void forget(HeldChildren& held);

 private:
  // REQUIRES: holds `mutex_`.
  std::optional<Ready> begin_one();

  Credits& credits_;
  const Limits limits_;
  SegmentStore disk_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<HeldChildren>> waiting_;
  std::atomic<bool> some_wait_{false};
};

}  // namespace rare::engine
