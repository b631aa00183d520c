#include "fault_rules.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace rare::faults {
namespace {

constexpr std::size_t kMostBytes = 4096;

struct Rules {
  std::array<char, kMostBytes> bytes{};
  std::string_view left;

  Rules() {
    const char* const file = std::getenv("RARE_FAULT_RULES");
    if (file == nullptr) return;
    const long descriptor = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    const long got = syscall(SYS_read, descriptor, bytes.data(), bytes.size());
    syscall(SYS_close, descriptor);
    if (got > 0) left = std::string_view(bytes.data(), static_cast<std::size_t>(got));
  }

  std::string_view next_word() {
    left.remove_prefix(std::min(left.size(), left.find_first_not_of(" \n")));
    const std::string_view word = left.substr(0, left.find_first_of(" \n"));
    left.remove_prefix(word.size());
    return word;
  }
};

std::int64_t number(std::string_view word) {
  std::int64_t value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

bool is_named(std::string_view rule, std::string_view path) {
  Rules rules;
  while (!rules.left.empty()) {
    if (rules.next_word() != rule) continue;
    if (path.find(rules.next_word()) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::uint64_t size_limit(std::string_view path) {
  Rules rules;
  while (!rules.left.empty()) {
    if (rules.next_word() != "full") continue;
    const std::string_view text = rules.next_word();
    const std::int64_t bytes = number(rules.next_word());
    if (path.find(text) != std::string_view::npos) return static_cast<std::uint64_t>(bytes);
  }
  return std::numeric_limits<std::uint64_t>::max();
}

bool read_only(std::string_view path) { return is_named("readonly", path); }

bool lies_about(std::string_view path) { return is_named("lie", path); }

bool refuses_links(std::string_view path) { return is_named("nolinks", path); }

bool dies_at(std::string_view path) {
  static std::atomic<std::int64_t> times{0};  // for the one rule of this kind
  Rules rules;
  while (!rules.left.empty()) {
    if (rules.next_word() != "die") continue;
    const std::string_view text = rules.next_word();
    const std::int64_t count = number(rules.next_word());
    if (path.find(text) != std::string_view::npos) return ++times == count;
  }
  return false;
}

std::int64_t clock_offset_s() {
  Rules rules;
  while (!rules.left.empty()) {
    if (rules.next_word() == "clock") return number(rules.next_word());
  }
  return 0;
}

}  // namespace rare::faults
