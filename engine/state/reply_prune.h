// Takes replies out of replies.db: what is not wanted any more, or what is damaged.
//
// Runs that use the file meanwhile go on: rows go in small transactions, and the file is made
// smaller only when nobody else has it open.
// Thread-safety: a function over files.
#pragma once

#include <cstdint>
#include <string>

#include "engine/state/reply_report.h"
#include "rare/status.h"

namespace rare::engine {

struct PruneOptions {
  ReplyFilter filter;    // those that go
  bool damaged = false;  // instead: those that cannot be read, of the whole file
  bool force = false;    // also what runs that are not done go on from
};

struct Pruned {
  std::uint64_t looked_at = 0;  // replies in the file before
  std::uint64_t removed = 0;
  std::uint64_t dictionaries_mended = 0;  // one of two copies was damaged
  std::uint64_t bytes_before = 0, bytes_after = 0;
  std::string space_kept;  // why the file did not become smaller; empty: it did
};

// REQUIRES: the filter is set, or `damaged` is.
// Errors, besides those of read_reply_report(): invalid_argument where a run that is not done, with
// its state in a folder beside the file, stored some of what would go; nothing is removed then. An
// error later on leaves what was removed until then removed; it can be called again.
Result<Pruned> prune_replies(const std::string& file, const PruneOptions& options);

}  // namespace rare::engine
