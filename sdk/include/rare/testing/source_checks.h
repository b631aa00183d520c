// Whether a source goes on where it stood: no record lost, none read twice, wherever a run was cut.
//
//   RARE_CHECK_OK(rare::testing::check_source<Read>({{"path", "data"}}));
//
// Thread-safety: one thread calls. Ownership: sources are its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rare/testing/harness.h"

namespace rare::testing {

namespace detail {

struct SourceReading {
  std::vector<Json> records;    // their fields, or {"error": ...}
  std::vector<Json> positions;  // before each of them, and at the end
  Json identity;
};

template <class T>
Result<SourceReading> read_source(const Json& values, const std::optional<Json>& token) {
  TestContext context;
  const std::unique_ptr<T> source = make<T>(values);
  std::optional<Position> position;
  // The engine keeps it as text.
  if (token) position = Position{Json::parse(token->dump())};
  if (Status status = source->open(context, position); !status.ok()) return status;
  SourceReading reading;
  for (;;) {
    reading.positions.push_back(source->position().token);
    Result<std::optional<Record>> next = source->next();
    if (!next && next.status().fault() == Fault::run) return next.status();
    if (next && !*next) break;
    if (next.status().code() == StatusCode::cancelled) {  // nothing yet
      reading.positions.pop_back();
      continue;
    }
    reading.records.push_back(next ? (*next)->fields() : Json{{"error", next.status().message()}});
  }
  const Result<Json> identity = source->identity();
  if (!identity) return identity.status();
  reading.identity = *identity;
  return reading;
}

// Nothing when a source that skips to `to` (from where it is at the beginning, over one record, the
// rest and, at the end, one more) counts right and stands where reading gets to.
template <class T>
std::string fault_of_skipping(const Json& values, const SourceReading& whole, std::uint64_t to) {
  TestContext context;
  const std::unique_ptr<T> source = make<T>(values);
  if (Status status = source->open(context, std::nullopt); !status.ok()) return status.message();
  const std::uint64_t first = std::min<std::uint64_t>(to, 1);
  const std::uint64_t more = to == whole.records.size() ? 1 : 0;
  std::uint64_t skipped = 0;
  for (const std::uint64_t most : {first, to - first + more}) {
    const Result<std::uint64_t> now = source->skip(most);
    if (!now) return now.status().message();
    skipped += *now;
  }
  if (skipped != to) {
    return "skipped " + std::to_string(skipped) + " records where there are " + std::to_string(to);
  }
  const Json at = source->position().token;
  const Json& expected = whole.positions[to];
  return more != 0 || at == expected
             ? ""
             : "is at " + at.dump() + " where reading gets to " + expected.dump();
}

}  // namespace detail

// Reads it all, then anew from about 20 of the positions in between, the first and the last
// included. OK when each gives just the records that come after it, is where skip() gets to, too,
// and it always says that it reads the same. REQUIRES: the input stays as it is, and has at least
// one record.
template <class T>
Status check_source(const Json& values) {
  const std::string name = T::spec().name();
  const Result<detail::SourceReading> whole = detail::read_source<T>(values, std::nullopt);
  if (!whole) return whole.status();
  const std::size_t count = whole->records.size();
  if (count == 0) {
    return Status(StatusCode::invalid_argument, name + " gave no record: test it over some");
  }
  const std::size_t step = std::max<std::size_t>(1, count / 20);
  for (std::size_t start = 0; start <= count;
       start = start == count ? count + 1 : std::min(count, start + step)) {
    const Json& token = whole->positions[start];
    const Result<detail::SourceReading> rest = detail::read_source<T>(values, token);
    const std::string where = name + ", opened at " + token.dump() + ", before record " +
                              std::to_string(start) + " of " + std::to_string(count) + ", ";
    if (!rest) return Status(rest.status().code(), where + "failed: " + rest.status().message());
    if (rest->identity != whole->identity) {
      return Status(StatusCode::internal, where + "says that it reads " + rest->identity.dump() +
                                              ", and before " + whole->identity.dump());
    }
    const std::vector<Json> expected(whole->records.begin() + static_cast<std::ptrdiff_t>(start),
                                     whole->records.end());
    if (rest->records == expected) {
      const std::string fault = detail::fault_of_skipping<T>(values, *whole, start);
      if (fault.empty()) continue;
      return Status(StatusCode::internal, name + ", skipping " + std::to_string(start) + " of " +
                                              std::to_string(count) + " records, " + fault);
    }
    const auto [got, wanted] =
        std::mismatch(rest->records.begin(), rest->records.end(), expected.begin(), expected.end());
    const auto shown = [](auto at, auto end) {
      return at == end ? std::string("nothing") : at->dump();
    };
    return Status(StatusCode::internal,
                  where + "gave " + shown(got, rest->records.end()) + " where record " +
                      std::to_string(start + static_cast<std::size_t>(wanted - expected.begin())) +
                      " is " + shown(wanted, expected.end()));
  }
  return Status();
}

}  // namespace rare::testing
