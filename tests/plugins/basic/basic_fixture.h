// Records and operators for tests of the basic plugin.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"
#include "rare/testing/harness.h"

namespace rare::basic {

// The record `ordinal` of the first source.
inline Record record(Json fields, std::uint64_t ordinal = 0) {
  return Record(std::move(fields), RecordId(0, nullptr, ordinal));
}

// An operator with these parameters, opened; its context.
template <class T>
struct Opened {
  explicit Opened(const Json& values, std::uint64_t seed = 0)
      : context("node", seed), op(testing::make<T>(values)), status(op->open(context)) {}
  testing::Outcome run(Json fields, std::uint64_t ordinal = 0) {
    REQUIRE(status.ok());
    return testing::run(*op, record(std::move(fields), ordinal));
  }
  testing::TestContext context;
  std::unique_ptr<T> op;
  Status status;
};

// What open() says to these parameters.
template <class T>
std::string open_error(const Json& values) {
  const Opened<T> opened(values);
  CHECK((opened.status.ok() || opened.status.code() == StatusCode::invalid_argument));
  return opened.status.message();
}

inline std::vector<Json> fields_of(const testing::Outcome& outcome) {
  std::vector<Json> fields;
  for (const Record& one : outcome.records) fields.push_back(one.fields());
  return fields;
}

// Calls `body(thread)` on 8 threads.
template <class Body>
void on_8_threads(Body body) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) threads.emplace_back(body, thread);
}

}  // namespace rare::basic
