#include "engine/runtime/end_command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include "engine/observe/log.h"

namespace rare::engine {
namespace {

constexpr std::chrono::milliseconds kEndPoll{10};
constexpr const char* kExitCodeVariable = "RARE_EXIT_CODE=";

std::vector<std::string> environment_with(int exit_code) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(kExitCodeVariable)) {
      variables.emplace_back(*variable);
    }
  }
  variables.push_back(kExitCodeVariable + std::to_string(exit_code));
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// The leader of a process group of its own, with signals as they are by default; 0 and `error`
// where it cannot be started.
pid_t started(std::vector<std::string> words, int input, int exit_code, int& error) {
  std::vector<std::string> variables = environment_with(exit_code);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  pid_t pid = 0;
  error = posix_spawnp(&pid, words.front().c_str(), &files, &attributes, pointers(words).data(),
                       pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error == 0 ? pid : 0;
}

// What waitpid() says of its end; nothing when the time was over, and it was killed.
std::optional<int> ended(pid_t pid, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= end) {
      kill(-pid, SIGKILL);
      waitpid(pid, &status, 0);
      return std::nullopt;
    }
    std::this_thread::sleep_for(kEndPoll);
  }
  return status;
}

std::string what_went_wrong(const std::optional<int>& status, std::chrono::milliseconds limit) {
  if (!status) {
    return "did not end within " + std::to_string(limit.count() / 1000) + " s and was killed";
  }
  if (WIFSIGNALED(*status)) {
    return std::string("was ended by a signal: ") + strsignal(WTERMSIG(*status));
  }
  if (WEXITSTATUS(*status) == 0) return {};
  return "ended with exit code " + std::to_string(WEXITSTATUS(*status));
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace

void run_end_command(const std::vector<std::string>& command, const std::string& manifest,
                     int exit_code, std::chrono::milliseconds limit) {
  if (command.empty()) return;
  int input = manifest.empty() ? -1 : ::open(manifest.c_str(), O_RDONLY | O_CLOEXEC);
  if (input < 0) input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  int error = 0;
  const pid_t pid = started(command, input, exit_code, error);
  ::close(input);
  const std::string wrong = pid == 0 ? "cannot be started: " + std::system_category().message(error)
                                     : what_went_wrong(ended(pid, limit), limit);
  if (wrong.empty()) return;
  log_line(LogLevel::warning, {},
           "on_end: the command '" + joined_words(command) + "' " + wrong +
               "; the run's own exit code stays " + std::to_string(exit_code));
}

}  // namespace rare::engine
