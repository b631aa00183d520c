// Lines for the log that a program writes as it likes: no more of them than somebody can read.
//
// Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "rare/context.h"

namespace rare::basic {

class PacedLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kLinesPerSecond = 100;

  // REQUIRES: `context` outlives it.
  PacedLog(Context& context, LogLevel level) : context_(context), level_(level) {}
  ~PacedLog() { say_what_is_missing(); }
  PacedLog(const PacedLog&) = delete;
  PacedLog& operator=(const PacedLog&) = delete;

  void say(std::string_view line) {
    const Clock::time_point now = Clock::now();
    if (now - begin_ >= std::chrono::seconds(1)) {
      say_what_is_missing();
      begin_ = now;
      lines_ = 0;
    }
    if (lines_ == kLinesPerSecond) {
      ++missing_;
      return;
    }
    ++lines_;
    context_.log(level_, line);
  }

 private:
  void say_what_is_missing() {
    if (missing_ == 0) return;
    context_.log(level_, "(" + std::to_string(missing_) + " more such lines are not shown)");
    missing_ = 0;
  }

  Context& context_;
  const LogLevel level_;
  Clock::time_point begin_;
  int lines_ = 0;              // since then
  std::uint64_t missing_ = 0;  // likewise
};

}  // namespace rare::basic
