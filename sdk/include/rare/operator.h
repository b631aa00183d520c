// Operators: what a pipeline's nodes do to records. Two kinds, and no third.
//
// - Operator: CPU work on a worker thread. The engine makes one instance per concurrent call
//   (`parallelism` of them), so members need no locks.
// - AsyncOperator: a coroutine that awaits services. One instance serves all records in flight
//   (`parallelism` of them, on no thread at all): members are const after open(), or synchronised.
//   Its code between waits runs on a few threads that all such operators share: milliseconds at
//   most; heavy work is an Operator's.
//
// Thread-safety: an Operator has one thread at a time; several are in the process() of one
// AsyncOperator at once. Ownership: the engine owns operators; the record that process() gets is
// its own, and what it emits is the engine's again.
//
// Lifecycle: constructor; parameters are set from the spec; open() once; process() for each record;
// destructor. After open() fails nothing else is called. process() is a function of its record and
// services.
//
// Whole-set operators (Operator with spec().gather()) look at all records together: sort, dedupe,
// count. One instance; process() for every record in identity order, one at a time, then finish()
// once, even when there was no record.
// - process() may emit any number of records, also ones that it kept earlier; or filter() its
//   record; or do neither, which takes the record in. finish() may emit any number.
// - A record that passes through, now or later, keeps its id (give it out as it came, or make it
//   with Record(fields, id)); one that is made of others has none, and gets one from the engine.
// - What process() emits is held back until it returns OK, as everywhere. What finish() emits is
//   taken as it comes, so that a sort need not hold its whole result: emit gradually.
// - More than fits into memory goes to files in Context::scratch_folder(), past a limit that is a
//   parameter.
//
// Errors: a Status with Fault::record, or an exception, makes the record a dead letter (or what
// `on_error` says); Fault::run stops the run. What was emitted before an error is dropped, so one
// record is never both written and dead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rare/context.h"
#include "rare/record.h"
#include "rare/status.h"
#include "rare/task.h"

namespace rare {

// Where process() and finish() put their results. Buffered until process() returns OK. Never
// blocks. Every record ends with at least one emit() or with filter(): returning OK after neither
// is an error of that record, because records do not vanish in silence. (A whole-set operator takes
// it in.) An error that emit() or filter() returns is passed on at once.
class Output {
 public:
  virtual ~Output() = default;
  // To the node's only or first port.
  virtual Status emit(Record record) = 0;
  virtual Status emit(std::string_view port, Record record) = 0;
  // This record ends here on purpose; counted under the reason.
  virtual Status filter(std::string_view reason) = 0;
  // Adds to a counter that the spec names (Spec::counter()); another name is an error. It belongs
  // to what the record gives out: dropped when process() fails, and committed, in one transaction,
  // with all that came of the record. So it is exact over kills and later starts, and a retry of
  // the record counts it anew. Users read it in manifest.json (`nodes.NAME.counters`), in what
  // `run` says at the end, and in `status`.
  virtual Status count(std::string_view counter, std::uint64_t more) = 0;
  Status count(std::string_view counter) { return count(counter, 1); }
};

class Operator {
 public:
  virtual ~Operator() = default;
  virtual Status open(Context&) { return Status(); }
  virtual Status process(Record record, Output& out) = 0;
  // Only for whole-set operators (Spec::gather()): after the last record. There is no record that
  // an error could cost, so it stops the run.
  virtual Status finish(Output&) { return Status(); }
};

class AsyncOperator {
 public:
  virtual ~AsyncOperator() = default;
  virtual Status open(Context&) { return Status(); }
  // `out` and the coroutine's arguments live until the task ends.
  virtual Task<Status> process(Record record, Output& out) = 0;
};

}  // namespace rare
