// Source: where records come from. Pulled by the engine; resumable at any record.
//
// Lifecycle: constructor; parameters are set from the spec; follow() if it applies; open(); next()
// until it gives nothing or the run ends. Thread-safety: one thread at a time, not always the same.
// Ownership: the engine owns the source, and each record that it gave.
#pragma once

#include <cstdint>
#include <optional>

#include "rare/context.h"
#include "rare/json.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare {

// Where a source stands, in its own words (small JSON). Kept by the engine, given back to open().
struct Position {
  Json token;
};

// How far a source is, for progress lines. `total` is absent where it is not known.
struct Progress {
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;
  const char* unit = "bytes";
};

class Source {
 public:
  virtual ~Source() = default;
  // Of a source whose input may grow (Spec::grows_by), before open(), where an earlier start of the
  // run read something: its identity(). open() then refuses what is not there as it was, and
  // gives the records of that start the places that they had. What came since is behind them if it
  // `takes_more`, and else is not read. identity() says what is read now.
  virtual void follow(Json /*earlier*/, bool /*takes_more*/) {}
  // Opens at the beginning, or at a position that position() gave in an earlier start.
  virtual Status open(Context& context, std::optional<Position> position) = 0;
  // The next record; nothing at the end. An error with Fault::record is a record that could not be
  // read (its bytes in Status::raw()): it counts as one, becomes a dead letter, and next() goes on
  // after it. Fault::run ends the run. StatusCode::cancelled: nothing yet; it is asked again.
  virtual Result<std::optional<Record>> next() = 0;
  // Goes on as next() would by `most` records, or to the end, and gives how many there were: less
  // than `most` at the end alone. Records that cannot be read count, too; an error ends the run.
  // For who only counts: a source that finds where records end without making them does it here.
  virtual Result<std::uint64_t> skip(std::uint64_t most) {
    std::uint64_t skipped = 0;
    while (skipped < most) {
      const Result<std::optional<Record>> record = next();
      if (record && !*record) break;
      if (!record && record.status().fault() == Fault::run) return record.status();
      if (record || record.status().code() != StatusCode::cancelled) ++skipped;
    }
    return skipped;
  }
  // Whether next() may wait for somebody (a pipe, a socket) and not only for a disk. Then each
  // record goes on at once, instead of together with those read in the same millisecond.
  virtual bool may_wait() const { return false; }
  // The position before the record that next() will give.
  virtual Position position() const = 0;
  virtual std::optional<Progress> progress() const { return std::nullopt; }
  // What is read (paths, sizes, times, hashes): compared by a later start, which refuses to go on
  // over other data. REQUIRES: open() succeeded.
  virtual Result<Json> identity() const { return Json(); }
};

}  // namespace rare
