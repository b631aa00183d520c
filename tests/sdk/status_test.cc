#include "rare/status.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

#include "catch.h"

using rare::Fault;
using rare::Result;
using rare::Status;
using rare::StatusCode;

TEST_CASE("a Status is OK until it says otherwise") {
  const Status ok;
  CHECK(ok.ok());
  CHECK(static_cast<bool>(ok));
  CHECK(ok.attempts() == 1);
  CHECK_FALSE(ok.raw());

  const Status error(StatusCode::invalid_data, "no text");
  CHECK_FALSE(error.ok());
  CHECK(error.fault() == Fault::record);
  CHECK(error.message() == "no text");
}

TEST_CASE("a run fault costs the run, and evidence travels with any error") {
  const Status fault = Status::run_fault(StatusCode::resource_exhausted, "disk full");
  CHECK(fault.fault() == Fault::run);
  CHECK(fault.code() == StatusCode::resource_exhausted);

  const Status dead = Status(StatusCode::invalid_data, "bad reply")
                          .with_raw(std::string("\xff\0", 2))
                          .with_attempts(3);
  CHECK(dead.raw() == std::string("\xff\0", 2));
  CHECK(dead.attempts() == 3);
  CHECK(dead.code() == StatusCode::invalid_data);
  CHECK(Status::cancelled().code() == StatusCode::cancelled);
}

TEST_CASE("a Result holds a value or the reason why there is none") {
  Result<std::string> value(std::string("text"));
  CHECK(value.ok());
  CHECK(*value == "text");
  CHECK(value->size() == 4);
  CHECK(value.status().ok());

  const Result<std::string> error(Status(StatusCode::not_found, "gone"));
  CHECK_FALSE(error);
  CHECK(error.status().code() == StatusCode::not_found);
  CHECK(error.status().message() == "gone");
}

TEST_CASE("a Result moves what cannot be copied") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 7);
}

TEST_CASE("an OK status in place of a value is a defect, not a value") {
  const Result<int> result{Status()};
  CHECK_FALSE(result);
  CHECK(result.status().code() == StatusCode::internal);
}

TEST_CASE("using the value of an error ends the process with the error's message") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // Catch2's handler would report a failed test
    dup2(ends[1], STDERR_FILENO);
    const Result<int> error(Status(StatusCode::not_found, "the model is gone"));
    const int unused = *error;
    _exit(unused == 0 ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  char buffer[256];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int ended = 0;
  REQUIRE(waitpid(child, &ended, 0) == child);
  CHECK(WIFSIGNALED(ended));
  CHECK(WTERMSIG(ended) == SIGABRT);
  CHECK(said == "the value of a Result that holds an error was used: the model is gone\n");
}
