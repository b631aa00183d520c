// Progress of a run as lines of text: plain (one line every ten seconds), a line redrawn in place
// on a terminal, or JSON lines. Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rare::engine {

struct NodeProgress {
  std::string name;
  std::int64_t in_flight = 0;
  int parallelism = 0;
  std::uint64_t done = 0;
  std::uint64_t parked = 0;  // waiting on disk for a service that is not ready
};

struct ProgressSnapshot {
  double elapsed_s = 0;
  std::uint64_t read = 0;      // in this start and those before
  std::uint64_t finished = 0;  // committed or about to be
  std::uint64_t dead = 0;
  std::optional<double> input_share;  // of the input that was read, 0..1
  std::int64_t tokens = 0;            // prompt and completion
  std::uint64_t calls = 0;
  std::vector<NodeProgress> nodes;      // those that await services
  std::vector<std::string> activities;  // what services say they do
};

enum class ProgressStyle { none, plain, bar, json };

// `auto` becomes bar on a terminal, else plain.
std::optional<ProgressStyle> progress_style(std::string_view name, bool is_terminal);

std::string progress_line(const ProgressSnapshot& snapshot);
std::string progress_json(const ProgressSnapshot& snapshot);

// Writes to standard error when it is time to.
class ProgressPrinter {
 public:
  explicit ProgressPrinter(ProgressStyle style) : style_(style) {}
  bool due(std::chrono::steady_clock::time_point now) const;
  void print(const ProgressSnapshot& snapshot, std::chrono::steady_clock::time_point now);
  void finish();  // leaves the terminal on a fresh line

 private:
  ProgressStyle style_;
  std::optional<std::chrono::steady_clock::time_point> last_;
  bool line_open_ = false;
};

}  // namespace rare::engine
