// The boundary between the engine and a plugin's code: exceptions stop here and become Statuses.
#pragma once

#include <cxxabi.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>

#include "engine/graph/plan.h"
#include "rare/source.h"
#include "rare/status.h"

namespace rare::engine {

// What went wrong at a node beyond one record: it ends the run, and its message names the node.
inline Status fault_at(const PlannedNode& node, const Status& cause) {
  return Status::run_fault(cause.code(), node.described() + ": " + cause.message());
}

// REQUIRES: called inside a catch block. What was thrown, as an error of the record.
inline Status status_of_exception() {
  try {
    throw;
  } catch (const std::exception& error) {
    return Status(StatusCode::internal, std::string("threw an exception: ") + error.what());
  } catch (...) {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    std::string what = "threw something that is no std::exception";
    if (type != nullptr) what += std::string(" (of type '") + type->name() + "')";
    return Status(StatusCode::internal, what);
  }
}

// Calls into a plugin. `call` returns Status or Result<T>.
template <class Call>
auto at_boundary(Call&& call) -> decltype(call()) {
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    return status_of_exception();
  }
}

// A source that throws has lost its place: that ends the run, because going on could repeat for
// ever.
template <class Call>
auto at_source(Call&& call) -> decltype(call()) {
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    const Status thrown = status_of_exception();
    return Status::run_fault(thrown.code(), thrown.message());
  }
}

inline Result<std::optional<Record>> next_record_of(Source& source) {
  return at_source([&source] { return source.next(); });
}

inline Result<std::uint64_t> skip_records_of(Source& source, std::uint64_t most) {
  return at_source([&source, most] { return source.skip(most); });
}

// A source that waits for somebody says so with `cancelled` when nothing has come for a while, so
// that a run can end meanwhile: no record was read, and it is asked again.
inline bool has_nothing_yet(const Result<std::optional<Record>>& next) {
  return !next.ok() && next.status().code() == StatusCode::cancelled &&
         next.status().fault() == Fault::record;
}

}  // namespace rare::engine
