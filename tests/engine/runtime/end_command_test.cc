#include "engine/runtime/end_command.h"

#include <fcntl.h>
#include <unistd.h>

#include "catch.h"

using namespace rare::engine;
using namespace std::chrono_literals;

namespace {

// A pipe whose end for writing commands inherit.
struct Pipe {
  int ends[2];
  Pipe() {
    REQUIRE(::pipe(ends) == 0);
    ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  }
  ~Pipe() { ::close(ends[0]); }
  std::string redirection() const { return " >&" + std::to_string(ends[1]); }
  // All that was written, once nobody can write any more.
  std::string rest() {
    ::close(ends[1]);
    std::string text;
    char piece[256];
    for (ssize_t size; (size = ::read(ends[0], piece, sizeof piece)) > 0;) {
      text.append(piece, static_cast<std::size_t>(size));
    }
    return text;
  }
};

}  // namespace

TEST_CASE("a command is told how the run ended", "[runtime]") {
  Pipe said;
  run_end_command({"/bin/sh", "-c", "(echo $RARE_EXIT_CODE; cat)" + said.redirection()}, "", 4);
  CHECK(said.rest() == "4\n");
}

TEST_CASE("a command that takes too long ends, with what it has started", "[runtime]") {
  Pipe held;
  run_end_command({"/bin/sh", "-c", "sleep 1000 & sleep 1000"}, "", 0, 50ms);
  CHECK(held.rest() == "");  // nobody holds the other end
}

TEST_CASE("a command that is not there, fails or is none harms nobody", "[runtime]") {
  run_end_command({"/no/such/program", "x"}, "/no/such/file", 0);
  run_end_command({"/bin/sh", "-c", "exit 3"}, "", 0);
  run_end_command({}, "", 0);
}
