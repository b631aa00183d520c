#include "engine/observe/standard_output.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <iostream>

#include "engine/observe/log.h"

namespace rare::engine {
namespace {

int nested = 0;
std::atomic<int> real_output{-1};  // what was descriptor 1; -1: it still is

void flush_all() {
  std::cout.flush();
  std::fflush(stdout);
}

}  // namespace

ResultsApart::ResultsApart() {
  if (nested++ > 0) return;
  flush_all();
  const int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (kept < 0) return;  // closed: nothing can be spoilt
  if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    close(kept);
    return;
  }
  real_output.store(kept);
}

ResultsApart::~ResultsApart() {
  if (--nested > 0) return;
  const int kept = real_output.load();
  if (kept < 0) return;
  const bool printed = __fpending(stdout) > 0;
  flush_all();
  dup2(kept, STDOUT_FILENO);
  real_output.store(-1);
  close(kept);
  if (!printed) return;
  log_line(LogLevel::warning, {},
           "a plugin, or a library that it uses, printed to standard output, which is for results "
           "alone: it went to standard error. Context::log() is for what users should read");
}

int result_descriptor() {
  const int kept = real_output.load();
  return kept < 0 ? STDOUT_FILENO : kept;
}

bool write_result(std::string_view text) {
  if (real_output.load() < 0) flush_all();  // in its order
  while (!text.empty()) {
    const ssize_t written = write(result_descriptor(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return std::ferror(stdout) == 0;
}

}  // namespace rare::engine
