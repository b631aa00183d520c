// The reply store in SQLite (replies.db): WAL, synchronous=FULL, group commit. Specified in
// docs/formats/state.md.
//
// One thread packs replies (reply_table.h), in the order of the puts, while another gathers what is
// packed into one transaction (up to 512 replies) and runs the callbacks after its sync; a reader
// thread with a connection of its own answers find(), so that a look-up never waits for a disk; and
// one empties the log (log_keeper.h), so that no reply waits for that.
// Several processes may share the file.
//
// While it is open it keeps some room on its disk (ballast.h): when the disk is full, the replies
// of calls that are already paid for still find a place, and `on_full_disk` is told that nothing
// more is to be asked.
// Thread-safety: any thread. Destruction writes what is queued, then runs the remaining callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/state/paid_replies.h"
#include "rare/reply_store.h"
#include "rare/status.h"

namespace rare::engine {

class ReplyDatabase : public ReplyStore {
 public:
  // Opens or makes the file (mode 0600) and its folder; one of format 1 is brought to the present
  // one. `run_id` is RunState::run_id(): no other process may work for the same run.
  // `on_full_disk` is called on the store's thread, with a run fault, at most once when the disk is
  // full and once when it fails; without it there is no ballast.
  static Result<std::unique_ptr<ReplyDatabase>> open(const std::string& file,
                                                     const std::string& run_id,
                                                     std::function<void(Status)> on_full_disk = {});
  ~ReplyDatabase() override = default;
  virtual std::uint64_t stored() const = 0;  // replies put since open()
  // By service: requests of this run, in all its starts, that went out and got no whole answer. An
  // endpoint may have billed them.
  virtual std::map<std::string, std::uint64_t> unanswered() const = 0;
  // What all starts of this run paid for, by service and node.
  virtual std::map<PaidReplies::Key, PaidTotals> paid() const = 0;
};

}  // namespace rare::engine
