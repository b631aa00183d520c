// Records that wait on disk for a service that is not ready (an index that is being built), without
// a credit and without memory: otherwise all credits of the graph would stand before that service,
// and the nodes above it, an expensive endpoint perhaps, would idle until it is there.
//
// What waits here is a family with a single branch, all of it; oldest arrival first. Nothing of it
// outlives the process: a family that did not end is done again by the next start.
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/runtime/train.h"
#include "engine/state/segment_store.h"

namespace rare::engine {

class Parking {
 public:
  // What may wait here: hours of what a fast endpoint gives out, and not the whole input of a
  // pipeline that has nothing slow above.
  static constexpr std::uint64_t kMostBytes = 4ull << 30;

  // `folder` is there at the first park(); nothing is opened before. `waiting` is kept at how many
  // records wait; it outlives this.
  Parking(std::string folder, std::atomic<std::uint64_t>& waiting,
          std::uint64_t most_bytes = kMostBytes)
      : most_bytes_(most_bytes), waiting_(waiting), disk_(std::move(folder)) {}

  // True: the record waits here; its family is gone from memory and the caller gives its credit
  // back. False: its family has other branches, or there is no more room; `envelope` is as it was.
  bool park(Envelope& envelope);
  // The next record, with its family; nothing when none waits. An error is the run's.
  Result<std::optional<Envelope>> take();
  // Forgets all; how many there were.
  std::size_t clear();

  std::uint64_t size() const { return waiting_.load(); }

 private:
  const std::uint64_t most_bytes_;
  std::mutex mutex_;
  std::atomic<std::uint64_t>& waiting_;
  SegmentStore disk_;
  std::deque<SegmentStore::Slot> slots_;
};

}  // namespace rare::engine
