// Status and Result<T>: how errors travel on the data path. No exceptions cross an operator's
// boundary.
//
// A Status says two things: what went wrong (StatusCode) and whom it costs (Fault). A record fault
// costs one record: it becomes a dead letter and the run goes on. A run fault (a rejected API key,
// a full disk) would hit every record alike, so the engine stops the run at once, and what was in
// flight is done again by the next start.
//
// Thread-safety: values; distinct objects may be used from distinct threads. Ownership: they keep
// what they are made of.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace rare {

enum class StatusCode {
  ok,
  invalid_argument,    // configuration or usage; as a run fault: exit code 2
  invalid_data,        // a record or reply that does not hold what is needed
  not_found,           // a file, service or model that is not there
  already_exists,      // would overwrite
  permission_denied,   // rejected key, forbidden path; as a run fault: exit code 1
  unavailable,         // gone now, may be back later; as a run fault: exit code 4
  resource_exhausted,  // disk, memory or quota used up; as a run fault: exit code 4
  deadline_exceeded,   // took longer than allowed
  budget_reached,      // the user's own limit; as a run fault: exit code 5
  cancelled,           // the run is stopping; the record is neither done nor dead
  internal,            // a defect; as a run fault: exit code 1
};

enum class Fault { record, run };

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  // An error that ends the run, not only this record.
  static Status run_fault(StatusCode code, std::string message) {
    Status status(code, std::move(message));
    status.fault_ = Fault::run;
    return status;
  }
  static Status cancelled() { return Status(StatusCode::cancelled, "the run is stopping"); }

  bool ok() const { return code_ == StatusCode::ok; }
  explicit operator bool() const { return ok(); }
  StatusCode code() const { return code_; }
  Fault fault() const { return fault_; }
  const std::string& message() const { return message_; }

  // Evidence for the dead letter: the raw reply or input bytes that led to this error.
  const std::optional<std::string>& raw() const { return raw_; }
  Status with_raw(std::string bytes) && {
    raw_ = std::move(bytes);
    return std::move(*this);
  }
  // How many times the work was tried before giving up (1 when not said).
  int attempts() const { return attempts_; }
  Status with_attempts(int attempts) && {
    attempts_ = attempts;
    return std::move(*this);
  }

 private:
  StatusCode code_ = StatusCode::ok;
  Fault fault_ = Fault::record;
  int attempts_ = 1;
  std::string message_;
  std::optional<std::string> raw_;
};

// A value, or the Status that says why there is none. `*result` and `->` REQUIRE ok(); calling them
// on an error aborts the process with the error's message.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {
    if (std::get<1>(state_).ok()) {
      state_.template emplace<1>(StatusCode::internal, "an OK status was returned without a value");
    }
  }

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  Status status() const { return ok() ? Status() : std::get<1>(state_); }

  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

 private:
  T& checked() {
    if (!ok()) die();
    return std::get<0>(state_);
  }
  [[noreturn]] void die() const {
    std::fprintf(stderr, "the value of a Result that holds an error was used: %s\n",
                 std::get<1>(state_).message().c_str());
    std::abort();
  }
  std::variant<T, Status> state_;
};

}  // namespace rare
