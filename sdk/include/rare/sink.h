// Sink: where records end.
//
// The engine writes families: a source record and all its descendants reach a sink together, and a
// checkpoint happens only between families.
//
// Lifecycle: constructor; parameters are set from the spec; open(); write() and sync(), again and
// again; finalise(). A run that is killed leaves out the rest, and the next one opens with what the
// last checkpoint kept. Thread-safety: accept() and encode() from many threads at once, the other
// methods from one at a time. Ownership: the engine owns the sink; rows are lent for the call.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rare/context.h"
#include "rare/json.h"
#include "rare/record.h"
#include "rare/source.h"
#include "rare/status.h"

namespace rare {

// How much of the output is committed, in the sink's own words (small JSON).
struct Offset {
  Json token;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Opens new, or goes on at `committed` after cutting back whatever stands beyond it.
  virtual Status open(Context& context, std::optional<Offset> committed) = 0;
  // Can this record be written? An error makes it a dead letter. Called on arrival, any thread; by
  // a preview, which opens no sink, also without open().
  virtual Status accept(const Record&) const { return Status(); }
  // Rows of one family, in one or more calls.
  virtual Status write(std::span<const Record> rows) = 0;
  // A sink whose rows are bytes can have them made on the pool's threads, of which there are many,
  // instead of in write(), for which there is one. It says so here, once and for all; then encode()
  // is called instead of accept(), and write_encoded() instead of write().
  virtual bool encodes() const { return false; }
  // The record's row, or why it cannot be written. Called on arrival, any thread.
  virtual Result<std::string> encode(const Record&) const {
    return Status(StatusCode::internal, "this sink says that it encodes, but does not");
  }
  // Rows as write() gets them, as encode() made them.
  virtual Status write_encoded(std::span<const std::string>) {
    return Status::run_fault(StatusCode::internal,
                             "this sink says that it encodes, but writes no encoded rows");
  }
  // All that was written is on disk when this returns; only between families.
  virtual Result<Offset> sync() = 0;
  // Where the next row will stand, if the sink can say so. Sinks that say so must be able to
  // copy_finished() between two such places, and up to what the last sync() gave.
  virtual std::optional<Offset> position() const { return std::nullopt; }
  // For a new output that takes most of its rows from the finished one: appends what stands there
  // between two positions. REQUIRES: open() began anew.
  virtual Status copy_finished(const Offset&, const Offset&) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "this sink cannot take rows over from its finished output");
  }
  // Puts the finished output in place (rename, sync of the folder). Can be repeated.
  virtual Status finalise() = 0;
  // Puts a copy of what is synced in place and keeps the working file, so that a later start goes
  // on (`--limit`). REQUIRES: sync() succeeded after the last write().
  virtual Status publish_copy() {
    return Status::run_fault(StatusCode::invalid_argument,
                             "this sink cannot publish a part of its output (--limit)");
  }
  // Where the user finds the output, for messages. Also before open().
  virtual std::string location() const = 0;
  // Whether the finished output is in place: a complete run whose output is gone is made
  // again. Also before open().
  virtual bool in_place() const = 0;
  // The same of an output that was committed up to `end`, for a sink whose output is several files.
  virtual bool in_place_up_to(const Offset& /*end*/) const { return in_place(); }
  // Where the user finds each part of the output. REQUIRES: open() succeeded.
  virtual std::vector<std::string> locations() const { return {location()}; }
  // Whether rows stay for good where they were committed (a topic, somebody's log). What a run has
  // committed is then never made again, and `retry` is refused. Also before open().
  virtual bool append_only() const { return false; }
  // Whether its rows tell where they come from: operators then note it (provenance.h). Also before
  // open().
  virtual bool wants_provenance() const { return false; }
  // Before each sync(): where the run's sources stand, by node, so that all that came of what is
  // before these places is written. For a sink that keeps them elsewhere, together with its rows.
  virtual void sources_at(const std::map<std::string, Position>& /*places*/) {}
};

}  // namespace rare
