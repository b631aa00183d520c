// Reading that breaks off and goes on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "file_fixture.h"

namespace rare::files::test {

inline testing::TestContext& resume_context() {
  static testing::TestContext one;
  return one;
}

// Reads `count` records or errors of a new source; the place behind them.
inline Position position_after(const std::vector<std::string>& paths, std::size_t count,
                               const Json& format = "auto") {
  const auto source = source_of(paths, format);
  REQUIRE(source->open(resume_context(), std::nullopt).ok());
  for (std::size_t i = 0; i < count; ++i) (void)source->next();
  return source->position();
}

inline Reading rest_from(const std::vector<std::string>& paths, const Position& position,
                         const Json& format = "auto") {
  const auto source = source_of(paths, format);
  // As the engine does: the token has been through a file.
  REQUIRE(source->open(resume_context(), Position{Json::parse(position.token.dump())}).ok());
  return read_all(*source);
}

inline std::vector<std::string> messages(const Reading& reading) {
  std::vector<std::string> all;
  for (const Status& error : reading.errors) all.push_back(error.message());
  if (reading.fault) all.push_back(reading.fault->message());
  return all;
}

// Who skips so many records stands where those are that reading leaves behind it.
inline void check_skipping(const std::vector<std::string>& paths, const Json& format,
                           std::size_t count, const Reading& rest) {
  const auto source = source_of(paths, format);
  REQUIRE(source->open(resume_context(), std::nullopt).ok());
  for (std::size_t left = count; left > 0;) {
    const std::size_t step = std::min<std::size_t>(left, 3);
    const Result<std::uint64_t> skipped = source->skip(step);
    REQUIRE(skipped.ok());
    CHECK(*skipped == step);
    left -= step;
  }
  CHECK(source->position().token == position_after(paths, count, format).token);
  const auto twin = source_of(paths, format);
  REQUIRE(twin->open(resume_context(), source->position()).ok());
  const Result<std::uint64_t> all = twin->skip(rest.sequence.size() + 1);
  CHECK((all ? *all == rest.sequence.size() : rest.fault.has_value()));
  const Reading behind = read_all(*source);
  CHECK(behind.sequence == rest.sequence);
  CHECK(messages(behind) == messages(rest));
}

// Wherever a source breaks off, another one gives the rest of what it would have given.
inline Reading check_every_boundary(const std::vector<std::string>& paths,
                                    const Json& format = "auto") {
  const auto source = source_of(paths, format);
  REQUIRE(source->open(resume_context(), std::nullopt).ok());
  const Reading whole = read_all(*source);
  for (std::size_t n = 0; n <= whole.sequence.size(); ++n) {
    INFO("after " << n);
    const Reading rest = rest_from(paths, position_after(paths, n, format), format);
    INFO((rest.fault ? rest.fault->message() : std::string("no fault")));
    const std::vector<std::string> expected(whole.sequence.begin() + static_cast<long>(n),
                                            whole.sequence.end());
    CHECK(rest.sequence == expected);
    // The messages name the same lines and columns as without the break.
    const std::vector<std::string> all = messages(whole);
    const std::vector<std::string> some = messages(rest);
    REQUIRE(some.size() <= all.size());
    CHECK(std::equal(some.rbegin(), some.rend(), all.rbegin()));
    check_skipping(paths, format, n, rest);
  }
  return whole;
}

}  // namespace rare::files::test
