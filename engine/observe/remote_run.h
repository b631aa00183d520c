// A run that goes on in another process, looked at from this one: what it said last of how far it
// is. Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/observe/pace.h"
#include "engine/observe/progress_snapshot.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

// What progress_to_json() said, but for latencies; `nodes` are in the plan's order.
ProgressSnapshot progress_from_json(const Json& progress, const std::vector<std::string>& nodes);

class RemoteRun {
 public:
  // Errors: not_found where no run goes on in the folder; unavailable where it has not begun to
  // read yet.
  static Result<RemoteRun> attach(const std::string& folder);

  // Asks for what it says now. Errors: not_found where it has ended.
  Status look();
  const ProgressSnapshot& progress() const { return progress_; }
  // As if it had been looked at from its beginning.
  const Pace& pace() const { return pace_; }
  // As LiveRun::run() and LiveRun::progress() gave it.
  const Json& facts() const { return facts_; }
  const Json& said() const { return said_; }
  std::string state() const { return said_.value("state", ""); }

  // Records that leave `node` now and then, after number `after`: as LiveRun::samples().
  Result<Json> samples(const std::string& node, const std::string& port, std::uint64_t after) const;

 private:
  explicit RemoteRun(std::string folder) : folder_(std::move(folder)) {}
  Status take_history();

  std::string folder_;
  Json facts_, said_;
  std::vector<std::string> nodes_;
  ProgressSnapshot progress_;
  Pace pace_;
};

}  // namespace rare::engine
