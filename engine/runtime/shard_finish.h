// The end of a run in shards: what all of them committed becomes one output. What `finish` does;
// and how far such a run is, for `status`.
//
// Thread-safety: one thread. Can be killed at any moment and repeated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/state/shard_folder.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

struct ShardProgress {
  std::string name;  // of the pipeline
  std::uint32_t shards = 0;
  std::vector<std::uint32_t> missing;  // not committed
  bool finished = false;               // _SUCCESS is there
  // The sums over the parts that are committed: {records, nodes, services, elapsed_s}.
  Json sums;
  Json parts = Json::array();
  Json plan;
};

Result<ShardProgress> shard_progress(const ShardFolder& folder);

// Of a part among them.
bool has_dead_letters(const Json& part);

// "3, 17-20"
std::string missing_shards(const ShardProgress& progress);

// Prints the account to standard output; the exit code: 4 names the shards that are missing.
int finish_shards(const std::string& folder);

}  // namespace rare::engine
