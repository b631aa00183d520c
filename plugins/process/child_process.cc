#include "plugins/process/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <thread>
#include <utility>

extern char** environ;

namespace rare::process {
namespace {

constexpr auto kExitPollInterval = std::chrono::milliseconds(10);
constexpr std::streamoff kTailBytes = 16384;

constexpr char kShell[] = "/bin/sh";
// Reads whom to kill, then waits for the end of its input, which is the parent's.
constexpr char kGuardScript[] =
    "trap '' TERM INT HUP; read -r group || exit 0; while read -r line; do :; done; kill -s KILL "
    "-- \"-$group\"";

struct LaunchPlan {
  const char* program;
  char** arguments;
  char** environment;
  const char* folder;  // to work in, or null
  int input, output, errors;
  bool outlives_parent;     // and is a session of its own
  int failure_pipe = -1;    // takes the errno of a start that failed
  pid_t parent = getpid();  // of the child
};

// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(const LaunchPlan& plan) {
  if (plan.outlives_parent) {
    setsid();
  } else {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != plan.parent) _exit(127);  // the parent ended before the line above
    setpgid(0, 0);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD, SIGXFSZ}) {
    signal(number, SIG_DFL);
  }
  // A run's own threads do not preempt each other; a server's may.
  const sched_param none_of_batch{};
  if (sched_getscheduler(0) == SCHED_BATCH) sched_setscheduler(0, SCHED_OTHER, &none_of_batch);
  dup2(plan.input, STDIN_FILENO);
  dup2(plan.output, STDOUT_FILENO);
  dup2(plan.errors, STDERR_FILENO);
  syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  if (plan.folder == nullptr || chdir(plan.folder) == 0) {
    execve(plan.program, plan.arguments, plan.environment);
  }
  const int error = errno;
  [[maybe_unused]] const auto written = write(plan.failure_pipe, &error, sizeof(error));
  _exit(127);
}

// Forks and waits until the child has become the program. What went wrong is in `error`.
pid_t launch(LaunchPlan plan, std::string& error) {
  int failure_pipe[2];
  if (pipe2(failure_pipe, O_CLOEXEC) != 0) {
    error = std::string("no pipe: ") + std::strerror(errno);
    return -1;
  }
  plan.failure_pipe = failure_pipe[1];
  const pid_t pid = fork();
  if (pid == 0) become(plan);
  int code = pid < 0 ? errno : 0;
  close(failure_pipe[1]);
  if (pid > 0 && read(failure_pipe[0], &code, sizeof(code)) != sizeof(code)) code = 0;
  close(failure_pipe[0]);
  if (code == 0) return pid;
  error = std::strerror(code);
  if (pid > 0) waitpid(pid, nullptr, 0);
  return -1;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> merged_environment(const std::vector<std::string>& over) {
  std::vector<std::string> merged = over;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool replaced = std::any_of(over.begin(), over.end(), [name](const std::string& other) {
      return std::string_view(other).starts_with(name);
    });
    if (!replaced) merged.emplace_back(text);
  }
  return merged;
}

}  // namespace

Result<ChildProcess::Guard> ChildProcess::start_guard() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Status(StatusCode::resource_exhausted,
                  std::string("no socket: ") + std::strerror(errno));
  }
  const int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  std::vector<std::string> argument_texts = {kShell, "-c", kGuardScript};
  std::vector<char*> arguments = pointers(argument_texts);
  std::string error;
  Guard guard;
  guard.pid =
      launch({kShell, arguments.data(), environ, nullptr, ends[0], null_fd, null_fd, true}, error);
  guard.fd = ends[1];
  close(ends[0]);
  close(null_fd);
  if (guard.pid > 0) return guard;
  close(guard.fd);
  return Status(StatusCode::not_found, std::string("cannot start ") + kShell + ": " + error);
}

Result<ChildProcess> ChildProcess::start(const std::string& program,
                                         const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& environment,
                                         const std::string& log_path) {
  const Descriptor log(open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (log.get() < 0) {
    return Status(StatusCode::permission_denied,
                  "cannot write " + log_path + ": " + std::strerror(errno));
  }
  const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return start_over({program, arguments, environment, {}}, {nothing.get(), log.get(), log.get()});
}

Result<ChildProcess> ChildProcess::start_piped(const Command& command, Pipes& pipes) {
  const auto make = [](Descriptor& reading, Descriptor& writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    reading = Descriptor(ends[0]);
    writing = Descriptor(ends[1]);
    return true;
  };
  Descriptor input, output, errors;
  if (!make(input, pipes.input) || !make(pipes.output, output) || !make(pipes.errors, errors)) {
    return Status(StatusCode::resource_exhausted, std::string("no pipe: ") + std::strerror(errno));
  }
  for (const Descriptor* end : {&pipes.input, &pipes.output, &pipes.errors}) {
    fcntl(end->get(), F_SETFL, fcntl(end->get(), F_GETFL) | O_NONBLOCK);
  }
  return start_over(command, {input.get(), output.get(), errors.get()});
}

Result<ChildProcess> ChildProcess::start_over(const Command& command, const Streams& streams) {
  std::vector<std::string> argument_texts = command.arguments;
  argument_texts.insert(argument_texts.begin(), command.program);
  std::vector<std::string> environment_texts = merged_environment(command.environment);
  std::vector<char*> arguments = pointers(argument_texts);
  std::vector<char*> environment = pointers(environment_texts);
  Result<Guard> guard = start_guard();
  if (!guard) return guard.status();
  std::string error;
  const char* const folder = command.folder.empty() ? nullptr : command.folder.c_str();
  ChildProcess child(launch({command.program.c_str(), arguments.data(), environment.data(), folder,
                             streams.input, streams.output, streams.errors, false},
                            error),
                     *guard);
  if (child.pid_ < 0) {
    child.ended();
    return Status(StatusCode::not_found, "cannot start " + command.program + ": " + error);
  }
  const std::string group = std::to_string(child.pid_) + "\n";
  if (send(guard->fd, group.data(), group.size(), MSG_NOSIGNAL) < 0) {
    return Status(StatusCode::unavailable, "the guard of " + command.program + " is gone");
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      guard_(std::exchange(other.guard_, Guard())),
      ended_(other.ended_),
      wait_status_(other.wait_status_) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && !ended_) end(std::chrono::milliseconds(0));
}

// Its number stays taken, and so names its group and no other one, until it is waited for.
bool ChildProcess::running() {
  if (ended_) return false;
  siginfo_t info{};
  const int got = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (got == 0 && info.si_pid == 0) return true;
  if (got < 0 && errno != ECHILD) return true;
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, &wait_status_, 0) < 0 && errno == EINTR) {
  }
  ended();
  return false;
}

void ChildProcess::ended() {
  ended_ = true;
  if (guard_.pid > 0) {
    kill(guard_.pid, SIGKILL);
    while (waitpid(guard_.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    close(guard_.fd);
  }
  guard_ = Guard();
}

void ChildProcess::end(std::chrono::milliseconds grace) {
  if (!running()) return;
  if (grace.count() > 0) {
    kill(-pid_, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (running() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kExitPollInterval);
    }
  }
  if (ended_) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);  // in case it has not made its group yet
  while (waitpid(pid_, &wait_status_, 0) < 0 && errno == EINTR) {
  }
  ended();
}

std::string ChildProcess::how_it_ended() const {
  if (WIFEXITED(wait_status_)) return "exit code " + std::to_string(WEXITSTATUS(wait_status_));
  const int number = WTERMSIG(wait_status_);
  return "signal " + std::to_string(number) + " (" + strsignal(number) + ")";
}

bool ChildProcess::succeeded() const {
  return WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0;
}

std::string tail_of(const std::string& path, int lines) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(0, std::ios::end);
  const std::streamoff size = file.tellg();
  if (!file || size <= 0) return {};
  const std::streamoff from = std::max<std::streamoff>(0, size - kTailBytes);
  file.seekg(from);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::size_t at = text.size();
  for (int i = 0; i < lines && at != std::string::npos && at > 0; ++i) {
    at = text.rfind('\n', at - 1);
  }
  return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

}  // namespace rare::process
