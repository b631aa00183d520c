// Replies of a shard in the folder that all machines share, so that what was paid for outlives the
// machine that asked: append-only files of JSON lines, one for each attempt
// (docs/formats/shards.md). A database would not do: its log needs memory that is shared between
// machines.
//
// One attempt writes its file, and any other reads it, also while it is written. A last line that
// is torn is no reply: who wrote it had not used it.
// Errors are run faults: resource_exhausted when the disk is full, else unavailable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rare/reply_store.h"
#include "rare/status.h"

namespace rare::engine {

struct LoggedReply {
  std::string store;  // the file of the reply store, as the pipeline names it; empty: the run's own
  std::string key;
  StoredReply reply;
};

// Thread-safety: any thread.
class ReplyLog {
 public:
  // Makes what is missing of the folder; goes on behind the last whole line of `file`.
  static Result<std::unique_ptr<ReplyLog>> open(const std::string& file);
  // Writes what is queued, then runs the remaining callbacks.
  virtual ~ReplyLog() = default;
  // `done` runs, on the log's own thread, when the reply is on disk. Many are synced together.
  virtual void append(const LoggedReply& reply, std::function<void(Status)> done) = 0;
};

// Gives every whole reply of all files of the folder, of the attempts in `first` before others and
// in that order; an error of `take` ends it. A line in the middle that is damaged is told in a
// warning and passed over. No folder: no replies.
Status read_reply_logs(const std::string& folder, const std::vector<std::string>& first,
                       const std::function<Status(LoggedReply reply)>& take);

}  // namespace rare::engine
