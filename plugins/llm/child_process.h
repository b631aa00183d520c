// A child process that never outlives its parent: it is killed by the kernel when the thread that
// started it ends, however the parent ends (PR_SET_PDEATHSIG).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "rare/status.h"

namespace rare::llm {

// Belongs to the thread that started it, which must live as long as the child is wanted.
class ChildProcess {
 public:
  // Starts `program` (a path) with `arguments`; standard input is empty, both outputs are appended
  // to `log_path`. `environment`: "NAME=value", over the parent's. The child is a process group of
  // its own, so that Ctrl-C in the terminal does not reach it.
  static Result<ChildProcess> start(const std::string& program,
                                    const std::vector<std::string>& arguments,
                                    const std::vector<std::string>& environment,
                                    const std::string& log_path);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // kills the group at once

  // Looks whether it still runs; never waits.
  bool running();
  // SIGTERM to the group, SIGKILL after `grace`; waits for the end.
  void end(std::chrono::milliseconds grace);
  // "exit code 3", "signal 9 (Killed)". REQUIRES: it has ended.
  std::string how_it_ended() const;
  bool succeeded() const;  // REQUIRES: it has ended

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  bool ended_ = false;
  int wait_status_ = 0;
};

// The last `lines` lines of a file, or what is there; empty when it cannot be read.
std::string tail_of(const std::string& path, int lines);

}  // namespace rare::llm
