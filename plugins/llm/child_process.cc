#include "plugins/llm/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
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

namespace rare::llm {
namespace {

constexpr auto kExitPollInterval = std::chrono::milliseconds(10);
constexpr std::streamoff kTailBytes = 16384;

struct LaunchPlan {
  const char* program;
  char** arguments;
  char** environment;
  int null_fd, log_fd, error_fd;
  pid_t parent;
};

// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(const LaunchPlan& plan) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);  // the parent ended before the line above
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD}) {
    signal(number, SIG_DFL);
  }
  dup2(plan.null_fd, STDIN_FILENO);
  dup2(plan.log_fd, STDOUT_FILENO);
  dup2(plan.log_fd, STDERR_FILENO);
  syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(plan.program, plan.arguments, plan.environment);
  const int error = errno;
  [[maybe_unused]] const auto written = write(plan.error_fd, &error, sizeof(error));
  _exit(127);
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

Result<ChildProcess> ChildProcess::start(const std::string& program,
                                         const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& environment,
                                         const std::string& log_path) {
  std::vector<std::string> argument_texts = arguments;
  argument_texts.insert(argument_texts.begin(), program);
  std::vector<std::string> environment_texts = merged_environment(environment);
  std::vector<char*> argument_list = pointers(argument_texts);
  std::vector<char*> environment_list = pointers(environment_texts);
  const int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int log_fd = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) {
    const std::string why = std::strerror(errno);
    close(null_fd);
    return Status(StatusCode::permission_denied, "cannot write " + log_path + ": " + why);
  }
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) {
    close(null_fd);
    close(log_fd);
    return Status(StatusCode::resource_exhausted, std::string("no pipe: ") + std::strerror(errno));
  }
  const LaunchPlan plan{program.c_str(),
                        argument_list.data(),
                        environment_list.data(),
                        null_fd,
                        log_fd,
                        error_pipe[1],
                        getpid()};
  const pid_t pid = fork();
  if (pid == 0) become(plan);
  const int fork_error = errno;
  close(null_fd);
  close(log_fd);
  close(error_pipe[1]);
  int exec_error = 0;
  const ssize_t got = pid < 0 ? 0 : read(error_pipe[0], &exec_error, sizeof(exec_error));
  close(error_pipe[0]);
  if (pid < 0) {
    return Status(StatusCode::resource_exhausted,
                  "cannot start " + program + ": " + std::strerror(fork_error));
  }
  ChildProcess child(pid);
  if (got == sizeof(exec_error)) {
    child.end(std::chrono::milliseconds(0));
    return Status(StatusCode::not_found,
                  "cannot start " + program + ": " + std::strerror(exec_error));
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), ended_(other.ended_), wait_status_(other.wait_status_) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && !ended_) end(std::chrono::milliseconds(0));
}

bool ChildProcess::running() {
  if (ended_) return false;
  const pid_t got = waitpid(pid_, &wait_status_, WNOHANG);
  ended_ = got == pid_ || (got < 0 && errno == ECHILD);
  return !ended_;
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
  ended_ = true;
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

}  // namespace rare::llm
