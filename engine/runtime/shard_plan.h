// How the input of a run is divided among its shards: each takes, of every source, the records
// between two ordinals, and so numbers, ids and seeds are those of one machine. Kept in
// DIR/_rare/plan.json (docs/formats/shards.md).
//
// Thread-safety: one thread. Errors are run faults, invalid_argument for what cannot be divided.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/graph/plan.h"
#include "engine/runtime/run.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

// Refuses a pipeline whose shards would not make together what one machine makes: with operators
// over the whole set (unless `per_shard`), an index over the run's own records, a sink without
// a file, an input that grows.
Status check_divisible(const Plan& plan);

// Whether the parameter with this value says where a sink's output goes: an attempt at a shard
// writes it to a place of its own.
bool is_output_path(const ParamSpec& param, const Json& value);

// Reads the input once and gives each of `shards` as many records, give or take an eighth.
Result<Json> divide_input(const Plan& plan, std::uint32_t shards);

// Whether what was planned is this pipeline, over the input as it is now. Opens the sources.
Status check_planned(const Json& planned, const Plan& plan, const std::string& folder);

// The number of shards of a plan, and what one of them reads. invalid_data for a plan that cannot
// be understood.
Result<std::uint32_t> planned_shards(const Json& planned, const std::string& folder);
Result<std::map<std::string, SourceRange>> planned_ranges(const Json& planned, std::uint32_t shard,
                                                          const std::string& folder);

}  // namespace rare::engine
