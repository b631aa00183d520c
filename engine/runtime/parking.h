// Records that wait on disk for a service that is not ready (an index that is being built), without
// a credit: otherwise all credits of the graph would stand before that service, and the nodes above
// it, an expensive endpoint perhaps, would idle until it is there.
//
// A family with a single branch waits here with all that is known of it, and takes 16 bytes of
// memory. Of one with several, only the record waits on disk; the family itself stays in memory,
// and gives its credit back when all of its branches wait somewhere. Nothing of either outlives the
// process: a family that did not end is done again by the next start.
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
#include <vector>

#include "engine/runtime/train.h"
#include "engine/state/segment_store.h"

namespace rare::engine {

class Parking {
 public:
  // What may wait here: hours of what a fast endpoint gives out, and not the whole input of a
  // pipeline that has nothing slow above. In memory, roughly, 50,000 families.
  struct Most {
    std::uint64_t bytes_on_disk = 4ull << 30;
    std::size_t bytes_in_memory = 64u << 20;
  };

  // `folder` is there at the first park(); nothing is opened before. `waiting` is kept at how many
  // records wait; it outlives this.
  Parking(std::string folder, std::atomic<std::uint64_t>& waiting)
      : Parking(std::move(folder), waiting, Most()) {}
  Parking(std::string folder, std::atomic<std::uint64_t>& waiting, Most most)
      : most_(most), waiting_(waiting), disk_(std::move(folder)) {}

  enum class Parked {
    no,            // there is no more room; `envelope` is as it was
    keeps_credit,  // the record waits here; its family has more to do
    rests          // all of the family waits: its credit is to be given back
  };
  Parked park(Envelope& envelope);

  // The next record of a family that stayed in memory, nothing when none waits. `rested`: its
  // family gave its credit back. With an error the envelope has no record. Before take(): these
  // may hold the credits that those wait for.
  struct Kept {
    Envelope envelope;
    bool rested = false;
    Status error;
  };
  std::optional<Kept> take_kept();
  // The next record of those that wait with all of their family; its credit was given back. The
  // oldest arrival first, here as there. Errors are the run's.
  Result<std::optional<Envelope>> take();

  // Forgets all. The branches of families that stayed in memory, as take_kept() has them, without
  // their records, and how many families waited on disk.
  struct Cleared {
    std::vector<Kept> kept;
    std::size_t families = 0;
  };
  Cleared clear();

  std::uint64_t size() const { return waiting_.load(); }

 private:
  struct KeptSlot {
    SegmentStore::Slot slot;
    Branch family;
    std::size_t bytes = 0;
  };
  std::optional<SegmentStore::Slot> put(const std::string& bytes);
  Parked keep(Envelope& envelope);
  static Kept unpark(KeptSlot& kept);
  void count_waiting() { waiting_ = slots_.size() + kept_.size(); }

  const Most most_;
  std::mutex mutex_;
  std::atomic<std::uint64_t>& waiting_;
  SegmentStore disk_;
  std::deque<SegmentStore::Slot> slots_;
  std::deque<KeptSlot> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace rare::engine
