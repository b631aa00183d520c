// One shard of a run: the records that the plan gives it, from start to commit. What `run --shard`
// does, and `retry --out`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/graph/plan.h"
#include "engine/runtime/run.h"

namespace rare::engine {

struct ShardSettings {
  std::uint32_t shard = 0;  // from 0
  std::optional<std::uint32_t>
      shards;          // absent: the plan in `folder`, which must be there, says it
  std::string folder;  // --out, shared by all of them
  // Not the shard, but what its dead letters leave to be done: it is made again from the replies
  // that its attempts have logged, and only where a record died is a model asked anew.
  bool retry = false;
};

// Runs, or goes on with, the shard, and commits it to the folder; does nothing where it is
// committed. The state in `settings` is of this machine alone: another one, or another state
// folder, begins an attempt of its own, and the first that commits counts. As run_pipeline() in all
// else; but dead letters do not make it exit code 3: `max_errors` bounds those of the whole run.
// A retry needs a shard that is committed, and does nothing where it has no dead letters.
int run_shard(const Plan& plan, const RunSettings& settings, const ShardSettings& shard);

}  // namespace rare::engine
