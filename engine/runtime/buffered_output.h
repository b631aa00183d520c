// What one invocation of an operator gives out, held back until it returned OK.
//
// Children beyond what one credit carries go to disk as they are emitted, in parts of as many
// (Room): a record may have millions.
// Thread-safety: as the invocation: one thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/state/segment_store.h"
#include "rare/operator.h"

namespace rare::engine {

// What an operator may name as it gives out.
struct OutputNames {
  explicit OutputNames(const PlannedNode& node);
  explicit OutputNames(std::vector<std::string> of_ports, std::vector<std::string> of_counters = {})
      : ports(std::move(of_ports)), counters(std::move(of_counters)) {}
  std::vector<std::string> ports;     // PlannedNode::ports()
  std::vector<std::string> counters;  // Spec::counters()
};

// Children of one record that wait on disk together.
struct HeldPart {
  SegmentStore::Slot slot;
  std::uint32_t first_child;  // its number among all children of the record
  std::uint32_t children;
};

class BufferedOutput final : public Output {
 public:
  struct Emission {
    std::uint32_t port;
    Record record;
  };
  // What stays in memory, and where the rest goes: nowhere, and all stays. One record alone may
  // have more bytes.
  struct Room {
    SegmentStore* beyond = nullptr;
    std::size_t records = 0;
    std::size_t bytes = 0;
  };
  // REQUIRES: `names` outlives it.
  explicit BufferedOutput(const OutputNames& names) : BufferedOutput(names, Room()) {}
  BufferedOutput(const OutputNames& names, Room room) : names_(names), room_(room) {}
  BufferedOutput(const BufferedOutput&) = delete;
  ~BufferedOutput() override { forget_parts(); }

  Status emit(Record record) override {
    if (closed_) return refused();
    return add(0, std::move(record));
  }
  Status emit(std::string_view port, Record record) override;
  Status filter(std::string_view reason) override;
  Status count(std::string_view counter, std::uint64_t more) override;

  // For the next invocation.
  void clear();

  // From now on everything is refused: the record has ended without its operator. Any thread.
  void close() { closed_ = true; }

  // Whether there is more than `emissions`.
  bool overflows() const { return overflows_; }
  // The rest, in order. Once. An error is a run fault, even where the operator did not look at
  // what emit() returned.
  Result<std::vector<HeldPart>> take_parts();
  // What a part was made of. Errors are the store's.
  static Result<std::vector<Emission>> take_back(const HeldPart& part, SegmentStore& store);

  std::vector<Emission> emissions;  // the first ones
  bool filtered = false;
  std::string filter_reason;
  std::map<std::string, std::uint64_t> counts;  // by counter

 private:
  static Status refused();
  Status add(std::uint32_t port, Record record) {
    if (room_.beyond == nullptr || emissions.empty()) {
      emissions.push_back({port, std::move(record)});
      return Status();
    }
    return add_another(port, std::move(record));
  }
  Status add_another(std::uint32_t port, Record record);
  Status write_part();
  void forget_parts();

  const OutputNames& names_;
  const Room room_;
  std::atomic<bool> closed_{false};
  bool overflows_ = false;
  std::size_t part_bytes_ = 0;   // of `emissions`, or of `part_` once it overflows
  std::vector<Emission> part_;   // the part that is being filled
  std::uint32_t parted_ = 0;     // children in parts on disk
  std::vector<HeldPart> parts_;  // on disk
  Status fault_;
};

}  // namespace rare::engine
