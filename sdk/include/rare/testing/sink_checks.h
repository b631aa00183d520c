// Whether a sink writes each row once, in order, when a run is killed and goes on.
//
//   RARE_CHECK_OK(rare::testing::check_sink<Write>({{"path", "out.txt"}}, records, read_back));
//
// Thread-safety: one thread calls. Ownership: sinks are its own; files that they write stay.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rare/testing/harness.h"

namespace rare::testing {

namespace detail {

inline Status write_rows(Sink& sink, const std::vector<Record>& rows, std::size_t begin,
                         std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    const std::span<const Record> row(&rows[i], 1);
    Status status;
    if (sink.encodes()) {
      Result<std::string> encoded = sink.encode(rows[i]);
      if (!encoded) return encoded.status();
      status = sink.write_encoded(std::span<const std::string>(&*encoded, 1));
    } else {
      status = sink.accept(rows[i]);
      if (status.ok()) status = sink.write(row);
    }
    if (!status.ok()) return status;
  }
  return Status();
}

// Runs one after the other over one output, each over what the one before left there.
template <class T>
class SinkRuns {
 public:
  SinkRuns(const Json& values, const std::vector<Record>& rows) : values_(values), rows_(rows) {}

  // Opens at `from`, writes the rows [begin, synced) and syncs; then up to `end`, without a sync.
  Result<Offset> killed(const std::optional<Offset>& from, std::size_t begin, std::size_t synced,
                        std::size_t end) {
    sink_ = make<T>(values_);
    if (Status status = sink_->open(context_, from); !status.ok()) return status;
    if (Status status = write_rows(*sink_, rows_, begin, synced); !status.ok()) return status;
    Result<Offset> offset = sink_->sync();
    if (!offset) return offset;
    if (Status status = write_rows(*sink_, rows_, synced, end); !status.ok()) return status;
    // The engine keeps it as text.
    return Offset{Json::parse(offset->token.dump())};
  }
  // Opens at `from`, writes the rows [begin, end) and finalises, twice. Gives its last offset.
  Result<Offset> finished(const std::optional<Offset>& from, std::size_t begin, std::size_t end) {
    Result<Offset> last = killed(from, begin, end, end);
    if (!last) return last;
    if (Status status = sink_->finalise(); !status.ok()) return status;
    if (Status status = sink_->finalise(); !status.ok())
      return wrong("cannot repeat finalise(): " + status.message());
    if (!sink_->in_place()) return wrong("says that its output is not in place after finalise()");
    sink_.reset();
    return last;
  }
  bool in_place() const { return sink_->in_place(); }
  void end() { sink_.reset(); }
  static Status wrong(const std::string& what) {
    return Status(StatusCode::internal, T::spec().name() + " " + what);
  }

 private:
  const Json& values_;
  const std::vector<Record>& rows_;
  TestContext context_;
  std::unique_ptr<T> sink_;
};

}  // namespace detail

// Makes the output again and again, each time after another kill, and asks whether the rows are
// what they are without: after a first start that noted nothing; after one that synced more than
// was noted, as between sync() and the engine's note of its offset; after one that wrote more than
// it synced; and after finalise(), before the run was noted as complete. OK when `read_back`, which
// reads the finished output, gives `expected`, a JSON value of the test's, at last, and less of it
// for less rows. REQUIRES: three rows or more; no output there before.
template <class T>
Status check_sink(const Json& values, const std::vector<Record>& rows,
                  const std::function<Json()>& read_back, const Json& expected) {
  using Runs = detail::SinkRuns<T>;
  const std::size_t all = rows.size(), third = all / 3;
  if (third == 0)
    return Status(StatusCode::invalid_argument, "check_sink() needs three rows or more");
  const auto compare = [&](const Json& right, const std::string& when) {
    const Json found = read_back();
    return found == right
               ? Status()
               : Runs::wrong("wrote " + found.dump() + ", expected " + right.dump() + ", " + when);
  };
  Runs runs(values, rows);
  // Few rows over what is left of many: what is not cut off then shows behind them.
  Result<Offset> offset = runs.killed(std::nullopt, 0, third, third);
  if (!offset) return offset.status();
  if (runs.in_place())
    return Runs::wrong("has its output in place before finalise(): readers would see a part");
  runs.end();
  if (offset = runs.finished(std::nullopt, 0, third); !offset) return offset.status();
  const Json few = read_back();

  if (offset = runs.killed(std::nullopt, 0, all, all); !offset) return offset.status();
  runs.end();
  if (offset = runs.finished(std::nullopt, 0, third); !offset) return offset.status();
  Status same = compare(few, "begun anew over what a first start had synced");
  if (!same.ok()) return same;

  Result<Offset> committed = runs.killed(std::nullopt, 0, third, third);
  if (!committed) return committed.status();
  runs.end();
  if (offset = runs.killed(*committed, third, all, all); !offset) return offset.status();
  runs.end();
  if (offset = runs.finished(*committed, third, third); !offset) return offset.status();
  same = compare(few, "gone on at an offset after which more was synced");
  if (!same.ok()) return same;

  if (committed = runs.killed(std::nullopt, 0, third, 2 * third); !committed)
    return committed.status();
  runs.end();
  if (offset = runs.finished(*committed, third, all); !offset) return offset.status();
  same = compare(expected, "gone on at an offset after which more was written");
  if (!same.ok()) return same;

  if (offset = runs.finished(*offset, all, all); !offset) return offset.status();
  return compare(expected, "gone on at its last offset after finalise()");
}

}  // namespace rare::testing
