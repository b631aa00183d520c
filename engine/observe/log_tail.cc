#include "engine/observe/log_tail.h"

#include <algorithm>
#include <utility>

#include "engine/text/utf8.h"

namespace rare::engine {
namespace {

constexpr std::size_t kMostKept = 500;

}  // namespace

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

LogTail& LogTail::of_process() {
  // Leaked on purpose: threads of plugins may log until the process is gone.
  static LogTail* const tail = new LogTail(kMostKept);
  return *tail;
}

void LogTail::add(LogEvent event) {
  if (event.message.size() > kMostMessageBytes) {
    event.message.resize(beginning_of(event.message, kMostMessageBytes).size());
    event.message += "...";
  }
  const std::lock_guard lock(mutex_);
  event.seq = ++last_seq_;
  events_.push_back(std::move(event));
  if (events_.size() > most_) events_.pop_front();
}

std::vector<LogEvent> LogTail::after(std::uint64_t seq) const {
  const std::lock_guard lock(mutex_);
  const auto first = std::partition_point(
      events_.begin(), events_.end(), [seq](const LogEvent& event) { return event.seq <= seq; });
  return {first, events_.end()};
}

}  // namespace rare::engine
