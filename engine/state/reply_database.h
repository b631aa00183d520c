// The reply store in SQLite (replies.db): WAL, synchronous=FULL, group commit. Specified in
// docs/formats/state.md.
//
// One writer thread gathers what waits into one transaction (up to 512 replies) and runs the
// callbacks after its sync; a reader thread with a connection of its own answers find(), so that a
// look-up never waits for a disk. Several processes may share the file.
// Thread-safety: any thread. Destruction writes what is queued, then runs the remaining callbacks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "rare/reply_store.h"
#include "rare/status.h"

namespace rare::engine {

class ReplyDatabase : public ReplyStore {
 public:
  // Opens or makes the file (mode 0600) and its folder. `run_id` is RunState::run_id().
  static Result<std::unique_ptr<ReplyDatabase>> open(const std::string& file,
                                                     const std::string& run_id);
  ~ReplyDatabase() override = default;
  virtual std::uint64_t stored() const = 0;  // replies put since open()
};

}  // namespace rare::engine
