// Takes finished families to the sinks and to the state, on a thread of its own.
//
// Order::input writes families by (ordinal, place of the source in the file); families that finish
// early wait, up to kWindowBytes of them in memory, the others in a file, and hold no credit: one
// slow record does not hold up the rest. (A start after a kill does them again, from stored
// replies.) Families keep their credit only while they wait for this thread, past kWindowBytes of
// them: a sink that is slower than the graph slows it down. A checkpoint is made every second or
// 64 MiB: sinks are synced, then one transaction names their offsets and the finished families.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/observe/work_observer.h"
#include "engine/runtime/family.h"
#include "engine/runtime/observed_body.h"
#include "engine/runtime/run_control.h"
#include "engine/state/gather_spill.h"
#include "engine/state/run_state.h"
#include "engine/state/segment_store.h"
#include "rare/sink.h"

namespace rare::engine {

class Committer {
 public:
  static constexpr std::size_t kWindowBytes = 64u << 20;

  // Where rows go: a sink, or the spill of a whole-set node. One of both is set.
  struct Target {
    std::uint32_t node;  // the plan's index
    Sink* sink = nullptr;
    GatherSpill* spill = nullptr;
  };
  struct Setup {
    const Plan* plan = nullptr;
    std::vector<Target> targets;
    RunState* state = nullptr;
    RunControl* control = nullptr;
    WorkObserver* work_observer = nullptr;               // of what sinks write; may be null
    std::function<std::map<std::string, Json>()> usage;  // of services, for checkpoints
    std::size_t window_bytes = kWindowBytes;
    std::chrono::milliseconds checkpoint_every{1000};
  };
  explicit Committer(Setup setup);
  ~Committer();

  // From source threads. `source` counts sources in the plan's order.
  void source_opened(std::uint32_t source, std::string node, Position position,
                     std::uint64_t next_ordinal, IntervalSet finished);
  // The source gave out `records` records with ordinals from `first` up to below `end`, and now
  // stands at `after`; the other ordinals were finished by an earlier start. REQUIRES: before any
  // of these records is submitted.
  void source_read(std::uint32_t source, std::uint64_t first, std::uint64_t end,
                   std::uint64_t records, Position after);
  void source_ended(std::uint32_t source);

  // Takes the families. REQUIRES: they are finished and not abandoned. Returns how many of them
  // keep their credit because too much waits for this thread: it is given back once it had them.
  std::size_t submit(std::vector<std::unique_ptr<Family>>& families);
  // REQUIRES: before the first submit().
  void set_return_credits(std::function<void(std::int64_t)> give) {
    return_credits_ = std::move(give);
  }

  // Returns when all that was submitted is written and committed, or cannot be.
  void settle();

  // Writes what can be written, makes the last checkpoint and ends the thread. Families that wait
  // for one that was abandoned are left out; a later start does them again.
  void close();

  // Where families wait on disk, and rows of families that have not ended.
  SegmentStore& disk() { return disk_; }

  // REQUIRES: close() returned.
  const Tally& tally() const { return total_; }
  std::uint64_t families_committed() const { return committed_; }
  // Of what this start has committed so far: it adds up at every moment. Any thread.
  Ledger ledger() const;
  // Of those that began with a record that was read. Any thread.
  std::uint64_t families_written() const { return written_.load(std::memory_order_relaxed); }

 private:
  using FamilyPointer = std::unique_ptr<Family>;
  // Records that a source gave out together. Positions are kept for each of these and not for each
  // record: a later start reads on before the first one that is not finished, and passes over what
  // is.
  struct LiveTrain {
    std::uint64_t first;
    std::uint64_t left;  // read, not yet written
    Position before;
  };
  // A family that finished early: in memory, on disk, or (neither) not there yet.
  struct Early {
    FamilyPointer family;
    std::optional<SegmentStore::Slot> slot;
    bool is_there() const { return family || slot; }
  };
  struct SourceState {
    SourceState() = default;
    SourceState(SourceState&&) = default;  // never copied: it owns families
    SourceState& operator=(SourceState&&) = default;

    bool opened = false;  // a whole-set node opens when it begins to give out
    std::string node;
    std::deque<LiveTrain> live;
    Position position;  // before the next record
    std::uint64_t position_ordinal = 0;
    bool ended = false;
    std::uint64_t next_to_write = 0;  // Order::input
    std::deque<Early> waiting;        // Order::input: from next_to_write on
    IntervalSet finished;             // since the last checkpoint
    IntervalSet skipped;              // finished by earlier starts

    bool may_give_more() const { return opened && !(ended && live.empty()); }
  };
  struct SourceRead {
    std::uint32_t source;
    std::uint64_t first, end, records;
    Position after;
  };
  // What other threads leave for this one.
  struct Inbox {
    std::vector<std::pair<std::uint32_t, SourceState>> opened;
    std::vector<SourceRead> read;
    std::vector<std::uint32_t> ended;
    std::vector<FamilyPointer> families;
  };

  void loop();
  void take_in(Inbox inbox);
  void note_read(SourceRead read);
  void place(FamilyPointer family);
  void keep_early(FamilyPointer family, Early& place, bool is_next);
  FamilyPointer take_early(Early& place);
  void write_in_order();
  void write(FamilyPointer family);
  void note_written(const RecordId& root);
  std::map<std::string, Offset> positions() const;
  Status write_rows(Family& family);
  Status write_to(const Target& target, const Family& family, std::vector<Row>& rows);
  // Calls a sink; what that takes is told to the observer.
  template <class Call>
  auto observed(const Target& target, const Call& call) -> decltype(call());
  bool checkpoint_due() const;
  void checkpoint();
  Checkpoint snapshot();
  void break_off(const Status& fault);
  void return_credits();

  const Setup setup_;
  std::function<void(std::int64_t)> return_credits_;
  std::mutex mutex_;
  std::condition_variable changed_, settled_;
  Inbox inbox_;
  bool closing_ = false;
  std::uint64_t settle_wanted_ = 0, settle_done_ = 0;
  std::atomic<std::size_t> inbox_bytes_{0};
  std::atomic<std::uint64_t> written_{0};

  SegmentStore disk_;
  // Only the committer's thread, until close() has joined it.
  std::vector<SourceState> sources_;
  std::size_t waiting_bytes_ = 0;  // of families that wait in memory
  std::int64_t credits_to_return_ = 0;
  bool broken_ = false;  // a sink or the state failed: what it holds is not committed any more
  mutable std::mutex total_mutex_;
  Tally total_;  // written by the committer's thread alone, under the mutex
  Tally since_checkpoint_;
  std::vector<DeadLetter> dead_letters_;
  std::vector<DeadFamily> dead_families_;
  std::uint64_t committed_ = 0, uncommitted_families_ = 0;
  std::size_t uncommitted_bytes_ = 0;
  std::chrono::steady_clock::time_point started_, last_checkpoint_;
  std::map<std::uint32_t, ObservedBody> bodies_;  // by node: of sinks, where work is observed
  std::thread thread_;
};

}  // namespace rare::engine
