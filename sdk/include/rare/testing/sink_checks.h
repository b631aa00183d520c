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

}  // namespace detail

// Writes a third of the rows and syncs; writes the next third, which is never synced, as a run that
// is killed does; opens a second instance at what was synced, writes the rest from there, and
// finalises, twice. OK when `read_back`, which reads the finished output, then gives `expected`, a
// JSON value of the test's. REQUIRES: three rows or more; no output there before.
template <class T>
Status check_sink(const Json& values, const std::vector<Record>& rows,
                  const std::function<Json()>& read_back, const Json& expected) {
  const std::string name = T::spec().name();
  const auto wrong = [&](const std::string& what) {
    return Status(StatusCode::internal, name + " " + what);
  };
  const std::size_t third = rows.size() / 3;
  if (third == 0)
    return Status(StatusCode::invalid_argument, "check_sink() needs three rows or more");
  TestContext context;
  std::optional<Offset> committed;
  {
    const std::unique_ptr<T> sink = make<T>(values);
    if (Status status = sink->open(context, std::nullopt); !status.ok()) return status;
    if (Status status = detail::write_rows(*sink, rows, 0, third); !status.ok()) return status;
    Result<Offset> synced = sink->sync();
    if (!synced) return synced.status();
    // The engine keeps it as text.
    committed = Offset{Json::parse(synced->token.dump())};
    if (Status status = detail::write_rows(*sink, rows, third, 2 * third); !status.ok())
      return status;
    if (sink->in_place())
      return wrong("has its output in place before finalise(): readers would see a part");
  }
  const std::unique_ptr<T> sink = make<T>(values);
  if (Status status = sink->open(context, committed); !status.ok()) return status;
  if (Status status = detail::write_rows(*sink, rows, third, rows.size()); !status.ok())
    return status;
  if (Result<Offset> synced = sink->sync(); !synced) return synced.status();
  if (Status status = sink->finalise(); !status.ok()) return status;
  if (Status status = sink->finalise(); !status.ok())
    return wrong("cannot repeat finalise(): " + status.message());
  if (!sink->in_place()) return wrong("says that its output is not in place after finalise()");
  const Json found = read_back();
  if (found != expected) return wrong("wrote " + found.dump() + ", expected " + expected.dump());
  return Status();
}

}  // namespace rare::testing
