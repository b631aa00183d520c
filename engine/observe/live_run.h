// What is known of a run while it goes on, for whoever looks at it from outside: the run's own
// page, `top` and `tap`. The run says each second how far it is; whoever looks is given what it
// said last, so that no number of them costs the run anything. Thread-safety: any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/observe/pace.h"
#include "engine/observe/progress_snapshot.h"
#include "engine/observe/record_tap.h"
#include "engine/observe/run_history.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

// What holds a run up, or is held up: see docs/watching.md.
enum class NodeState { idle, starved, busy, blocked };
const char* name_of(NodeState state);

class LiveRun {
 public:
  struct Facts {
    Json run;                                           // as api/run gives it
    std::vector<std::string> nodes;                     // in the plan's order
    std::vector<std::vector<std::string>> ports;        // of each
    std::vector<std::vector<std::string>> services_of;  // that each asks
    std::function<Result<Json>()> dead_letters;  // as api/dead gives it; asked on a server's thread
  };
  // Once, before what follows.
  void begin(Facts facts);
  // `state`: running, stopping.
  void look(const ProgressSnapshot& snapshot, std::string_view state);
  // Returns when nobody asks it for dead letters any more.
  void end();

  // Null before begin(). Lives as long as this.
  RecordTap* tap() { return tap_.get(); }

  // What is served (docs/reference/contract.md): the JSON of each. Before begin(): unavailable.
  Result<Json> run() const;
  Result<Json> progress() const;
  Result<Json> history(double after_s) const;
  Result<Json> dead_letters() const;
  // Refused where there is no such node or port, with those that there are.
  Result<Json> samples(const std::string& node, const std::string& port, std::uint64_t after);

 private:
  static constexpr std::size_t kLooksKept = 10;
  NodeState state_of(std::size_t node) const;
  std::string waits_for(std::size_t node) const;
  Json node_json(std::size_t node) const;

  mutable std::mutex mutex_;
  std::optional<Facts> facts_;
  std::unique_ptr<RecordTap> tap_;
  std::chrono::steady_clock::time_point began_{};
  std::string state_ = "running";
  std::deque<ProgressSnapshot> looks_;  // the last ones
  Pace pace_;
  RunHistory history_;
  mutable std::mutex dead_mutex_;  // held while dead letters are read
  std::function<Result<Json>()> dead_letters_;
};

}  // namespace rare::engine
