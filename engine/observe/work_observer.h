// Sees what each record costs in each node, when it has left the node. For profiles and traces; a
// run that asks for neither has none.
//
// Thread-safety: called from any thread, several at a time; what is handed over lives until the
// call returns. The call holds up the record's way.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "engine/text/utf8.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare::engine {

using WorkClock = std::chrono::steady_clock;

// One answer of a language model to one ask.
struct ModelCall {
  std::string service, model;  // the model is known of answers alone
  WorkClock::time_point begin, end;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
  bool from_store = false;
  int attempt = 0;
  Status status;
};

// One record in one node, or work of a node for no single record.
struct NodeVisit {
  std::uint32_t node = 0;        // the plan's index
  const RecordId* id = nullptr;  // nullptr: no single record's
  WorkClock::time_point begin{}, end{};
  std::chrono::nanoseconds cpu{};      // of the thread that worked on it
  std::chrono::nanoseconds running{};  // on a thread; between them it awaited something
  const Status* status = nullptr;
  bool filtered = false;
  std::span<const ModelCall> calls{};  // in the order in which they ended

  std::chrono::nanoseconds duration() const { return end - begin; }
  std::chrono::nanoseconds waited() const {
    return duration() > running ? duration() - running : std::chrono::nanoseconds(0);
  }
};

class WorkObserver {
 public:
  virtual ~WorkObserver() = default;
  virtual void visited(const NodeVisit& visit) = 0;
  // A source's record (or one that a whole-set node gave out) and all that came of it have ended;
  // `abandoned`: before their end.
  virtual void ended(const RecordId& root, std::uint64_t dead, bool abandoned) = 0;
};

// What profiles and traces keep of an error.
inline std::string reason_of(const Status& status) {
  constexpr std::size_t kMostBytes = 300;
  return std::string(beginning_of(status.message(), kMostBytes));
}

// Of the calling thread: what it has had of a processor.
inline std::chrono::nanoseconds thread_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace rare::engine
