// Progress of a run: what is known at one moment, and how it is said: a block of lines that is
// redrawn on a terminal, a plain line every ten seconds, or JSON lines. Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/observe/live_block.h"
#include "engine/observe/pace.h"
#include "engine/observe/progress_block.h"
#include "engine/observe/stall.h"
#include "rare/json.h"

namespace rare::engine {

enum class ProgressStyle { none, plain, bar, json };

// `auto` becomes bar on a terminal, else plain.
std::optional<ProgressStyle> progress_style(std::string_view name, bool is_terminal);

std::string progress_line(const ProgressSnapshot& snapshot, const Pace& pace);
// {"elapsed_s", "read", "finished", ..., "nodes": {NAME: {...}}, "services": {NAME: {...}}}: the
// lines of --progress json, listed in docs/reference/contract.md.
Json progress_to_json(const ProgressSnapshot& snapshot, const Pace& pace);
std::string progress_json(const ProgressSnapshot& snapshot, const Pace& pace);

// Writes to standard error when it is time to, and explains there when nothing moves any more.
class ProgressPrinter {
 public:
  explicit ProgressPrinter(ProgressStyle style) : style_(style) {}
  // Whether look() would do anything.
  bool due(std::chrono::steady_clock::time_point now) const;
  void look(const ProgressSnapshot& snapshot, std::chrono::steady_clock::time_point now);
  void finish();  // leaves the terminal on a fresh line

 private:
  bool is_time_to_print(std::chrono::steady_clock::time_point now) const;
  void print(const ProgressSnapshot& snapshot);

  ProgressStyle style_;
  // Asked once: later, plugins may set what is asked for.
  const Characters characters_ = characters_of_locale();
  std::optional<std::chrono::steady_clock::time_point> last_look_, last_print_;
  Pace pace_;
  StallWatch stall_;
};

}  // namespace rare::engine
