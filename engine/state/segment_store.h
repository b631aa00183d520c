// Bytes that wait on disk for their turn, in append-only segment files without a name: they are
// gone with the process, however it ends, because what waits there is made again by the next start.
//
// Space comes back a segment at a time, when all that stood in it was taken. Every piece carries a
// checksum. Errors are run faults: resource_exhausted when the disk is full, invalid_data for bytes
// that are not what was put there. Thread-safety: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/status.h"

namespace rare::engine {

class SegmentStore {
 public:
  static constexpr std::uint64_t kSegmentBytes = 64u << 20;

  // Where a piece stands.
  struct Slot {
    std::uint32_t segment = 0;
    std::uint32_t bytes = 0;  // its length
    std::uint64_t offset = 0;
  };

  // The folder has to be there at the first put(); nothing is opened before.
  explicit SegmentStore(std::string folder, std::uint64_t segment_bytes = kSegmentBytes)
      : folder_(std::move(folder)), segment_bytes_(segment_bytes) {}
  ~SegmentStore();
  SegmentStore(const SegmentStore&) = delete;
  SegmentStore& operator=(const SegmentStore&) = delete;

  // REQUIRES: fewer than 2^32 - 4 bytes.
  Result<Slot> put(std::string_view bytes);
  // What stands there. REQUIRES: the slot was neither taken nor forgotten before.
  Result<std::string> take(const Slot& slot);
  // What stands there is not needed any more.
  void forget(const Slot& slot);

  // What the segments that are open take on disk.
  std::uint64_t bytes_on_disk() const {
    const std::lock_guard lock(mutex_);
    return on_disk_;
  }

 private:
  struct Segment {
    int descriptor = -1;  // -1: closed, its space is free
    std::uint64_t end = 0;
    std::uint64_t left = 0;  // pieces not taken
  };
  // The segment that the next piece is written to.
  Result<Segment*> open_segment();
  void one_less(Segment& segment);
  void close_segment(Segment& segment);
  Status failure(const char* doing, int system_error) const;

  const std::string folder_;
  const std::uint64_t segment_bytes_;
  mutable std::mutex mutex_;
  std::vector<Segment> segments_;  // by number; 24 bytes for each 64 MiB that ever waited
  std::uint64_t on_disk_ = 0;
};

}  // namespace rare::engine
