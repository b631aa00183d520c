#include "engine/observe/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "rare/json.h"

namespace rare::engine {
namespace {

std::string with_thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  char text[32];
  if (whole < 60) {
    std::snprintf(text, sizeof text, "%llu s", static_cast<unsigned long long>(whole));
  } else {
    std::snprintf(text, sizeof text, "%llu:%02llu:%02llu",
                  static_cast<unsigned long long>(whole / 3600),
                  static_cast<unsigned long long>(whole / 60 % 60),
                  static_cast<unsigned long long>(whole % 60));
  }
  return text;
}

}  // namespace

std::optional<ProgressStyle> progress_style(std::string_view name, bool is_terminal) {
  if (name == "auto") return is_terminal ? ProgressStyle::bar : ProgressStyle::plain;
  if (name == "bar") return ProgressStyle::bar;
  if (name == "plain") return ProgressStyle::plain;
  if (name == "json") return ProgressStyle::json;
  if (name == "none") return ProgressStyle::none;
  return std::nullopt;
}

std::string progress_line(const ProgressSnapshot& snapshot) {
  std::string line = duration_text(snapshot.elapsed_s) + ": " + with_thousands(snapshot.finished) +
                     " of " + with_thousands(snapshot.read) + " records read are finished";
  if (snapshot.input_share) {
    line +=
        " (" + std::to_string(static_cast<int>(*snapshot.input_share * 100)) + "% of input read)";
  }
  if (snapshot.dead > 0) line += ", " + with_thousands(snapshot.dead) + " dead";
  for (const NodeProgress& node : snapshot.nodes) {
    line += " | " + node.name + " " + with_thousands(node.done) + " done, " +
            std::to_string(node.in_flight) + "/" + std::to_string(node.parallelism);
    if (node.parked > 0) line += ", " + with_thousands(node.parked) + " wait on disk";
  }
  if (snapshot.calls > 0) {
    line += " | " + with_thousands(snapshot.calls) + " calls, " +
            with_thousands(static_cast<std::uint64_t>(snapshot.tokens)) + " tokens";
  }
  for (const std::string& activity : snapshot.activities) line += " | " + activity;
  return line;
}

std::string progress_json(const ProgressSnapshot& snapshot) {
  Json json = {{"elapsed_s", snapshot.elapsed_s},  {"read", snapshot.read},
               {"finished", snapshot.finished},    {"dead", snapshot.dead},
               {"calls", snapshot.calls},          {"tokens", snapshot.tokens},
               {"activities", snapshot.activities}};
  if (snapshot.input_share) json["input_share"] = *snapshot.input_share;
  for (const NodeProgress& node : snapshot.nodes) {
    json["nodes"][node.name] = {
        {"in_flight", node.in_flight}, {"parallelism", node.parallelism}, {"done", node.done}};
    if (node.parked > 0) json["nodes"][node.name]["parked"] = node.parked;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool ProgressPrinter::due(std::chrono::steady_clock::time_point now) const {
  if (style_ == ProgressStyle::none) return false;
  if (!last_) return true;
  const auto every = style_ == ProgressStyle::bar ? std::chrono::milliseconds(500)
                                                  : std::chrono::milliseconds(10'000);
  return now - *last_ >= every;
}

void ProgressPrinter::print(const ProgressSnapshot& snapshot,
                            std::chrono::steady_clock::time_point now) {
  last_ = now;
  if (style_ == ProgressStyle::json) {
    std::fprintf(stderr, "%s\n", progress_json(snapshot).c_str());
    return;
  }
  std::string line = progress_line(snapshot);
  if (style_ == ProgressStyle::plain) {
    std::fprintf(stderr, "%s\n", line.c_str());
    return;
  }
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  const std::size_t columns = known ? size.ws_col - 1U : 79;
  if (line.size() > columns) line.resize(columns);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  line_open_ = true;
}

void ProgressPrinter::finish() {
  if (line_open_) std::fputs("\r\033[K", stderr);
  line_open_ = false;
}

}  // namespace rare::engine
