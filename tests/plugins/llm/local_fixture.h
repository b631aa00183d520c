// What tests of llm.local have in common: the stand-in for a server, and its processes.
#pragma once

#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rare/language_model.h"

namespace rare::testing {

inline std::string built_program(const char* name) {
  return std::string(getenv("RARE_TEST_BUILD")) + "/bin/" + name;
}

inline ChatRequest request_of(const std::string& text) {
  std::vector<ChatMessage> messages;
  messages.emplace_back("user", text);
  return ChatRequest(std::move(messages));
}

// The numbers that stand-ins wrote into their --pid-file.
inline std::vector<pid_t> pids_in(const std::string& path) {
  std::vector<pid_t> all;
  std::ifstream file(path);
  for (pid_t pid = 0; file >> pid;) all.push_back(pid);
  return all;
}

// A process that nobody waited for yet has ended, too.
inline bool alive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.substr(name_end).rfind(") Z", 0) != 0;
}

// Waits for the kernel to end a process that is on its way out.
inline bool ends_soon(pid_t pid) {
  for (int i = 0; i < 1000 && alive(pid); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return !alive(pid);
}

}  // namespace rare::testing
