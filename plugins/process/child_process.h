// A child process that never outlives its parent, however that ends: the kernel kills it together
// with the thread that started it (PR_SET_PDEATHSIG), and a guard, a shell that waits for the
// parent's end, kills what the child has forked.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "plugins/process/descriptor.h"
#include "rare/status.h"

namespace rare::process {

// Belongs to the thread that started it, which must live as long as the child is wanted.
class ChildProcess {
 public:
  // Starts `program` (a path) with `arguments`; standard input is empty, both outputs are appended
  // to `log_path`. `environment`: "NAME=value", over the parent's. The child is a process group of
  // its own, so that Ctrl-C in the terminal does not reach it. What it forks ends with it, unless
  // it leaves the group.
  static Result<ChildProcess> start(const std::string& program,
                                    const std::vector<std::string>& arguments,
                                    const std::vector<std::string>& environment,
                                    const std::string& log_path);
  struct Command {
    std::string program;                   // a path
    std::vector<std::string> arguments;    // without the program
    std::vector<std::string> environment;  // "NAME=value", over the parent's
    std::string folder;                    // that it works in; empty: the parent's
  };
  // The parent's ends of a child's standard streams. None of them blocks.
  struct Pipes {
    Descriptor input, output, errors;
  };
  // The same with a pipe for each standard stream.
  static Result<ChildProcess> start_piped(const Command& command, Pipes& pipes);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // kills the group at once

  // Looks whether it still runs; never waits. When it has ended, its group is killed.
  bool running();
  // SIGTERM to the group, SIGKILL after `grace`; waits for the end.
  void end(std::chrono::milliseconds grace);
  // "exit code 3", "signal 9 (Killed)". REQUIRES: it has ended.
  std::string how_it_ended() const;
  bool succeeded() const;  // REQUIRES: it has ended
  pid_t pid() const { return pid_; }

 private:
  // Kills the group when the parent is gone.
  struct Guard {
    pid_t pid = -1;
    int fd = -1;  // open as long as the parent lives
  };
  // What the child gets as its standard streams.
  struct Streams {
    int input, output, errors;
  };
  static Result<Guard> start_guard();
  static Result<ChildProcess> start_over(const Command& command, const Streams& streams);
  ChildProcess(pid_t pid, Guard guard) : pid_(pid), guard_(guard) {}
  void ended();

  pid_t pid_;
  Guard guard_;
  bool ended_ = false;
  int wait_status_ = 0;
};

// The last `lines` lines of a file, or what is there; empty when it cannot be read.
std::string tail_of(const std::string& path, int lines);

}  // namespace rare::process
