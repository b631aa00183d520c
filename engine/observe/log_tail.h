// The last events of the log, in memory, for whoever shows them while the run goes on.
// Thread-safety: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "rare/context.h"

namespace rare::engine {

// "debug", "info", "warning" or "error".
const char* level_name(LogLevel level);

struct LogEvent {
  std::uint64_t seq = 0;  // from 1, one higher with each event
  std::chrono::system_clock::time_point time;
  LogLevel level = LogLevel::info;
  std::string component;  // a node's or service's name; empty: the engine itself
  std::string record;     // the id of the record that it is about; empty: of none that is known
  std::string message;
};

// Keeps the newest `most` events; of a long message its beginning, at most kMostMessageBytes.
class LogTail {
 public:
  static constexpr std::size_t kMostMessageBytes = 4096;

  // The one that log_line() writes to: what standard error was told, at most 500 events.
  static LogTail& of_process();
  explicit LogTail(std::size_t most) : most_(most) {}

  // Numbers the event, whatever its `seq` says.
  void add(LogEvent event);
  // Those that are kept and have a higher number, oldest first; after(0) is all that is kept. Who
  // asks again with the number of the last one misses none, unless more came than are kept: then
  // the first one's number says how many.
  std::vector<LogEvent> after(std::uint64_t seq) const;

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::uint64_t last_seq_ = 0;
  std::deque<LogEvent> events_;
};

}  // namespace rare::engine
