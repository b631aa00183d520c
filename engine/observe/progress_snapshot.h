// What is known of a run at one moment. Thread-safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/observe/latency_histogram.h"
#include "rare/json.h"

namespace rare::engine {

// Counts are of this start.
struct NodeProgress {
  std::string name;
  std::int64_t in_flight = 0;
  int parallelism = 0;
  std::uint64_t done = 0;
  std::uint64_t filtered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t dead = 0;
  std::uint64_t parked = 0;  // waiting on disk for a service that is not ready
  LatencyBuckets latency;    // of those that are done
};

struct ServiceProgress {
  std::string name;
  std::uint64_t calls = 0;  // 0 for those that are not asked over a network
  std::uint64_t throttled = 0;
  std::uint64_t retries = 0;
  std::uint64_t cache_hits = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::optional<double> cost;  // where prices are known
  // Calls under way, and how many it takes at once as it is now; nothing: it does not say.
  std::optional<std::int64_t> in_flight, limit;
  LatencyBuckets latency;  // of paid replies, those of earlier starts included
  std::string activity;    // in its own words

  std::int64_t tokens() const { return prompt_tokens + completion_tokens; }
};

struct ProgressSnapshot {
  double elapsed_s = 0;
  std::uint64_t read = 0;      // in this start and those before
  std::uint64_t finished = 0;  // committed or about to be
  std::uint64_t dead = 0;
  // What is committed by where it came from and how it ended, in this start and those before; as in
  // the manifest.
  Json ledger = Json::object();
  std::uint64_t in_flight = 0;        // records of the input that were begun and have not ended
  std::uint64_t memory_bytes = 0;     // of the process
  std::optional<double> input_share;  // of the input that was read, 0..1
  // Whether records end as they come. Where a node works over the whole set, nothing says how long
  // what comes behind it will take.
  bool streams = true;
  std::vector<NodeProgress> nodes;  // in the plan's order
  std::vector<ServiceProgress> services;
};

}  // namespace rare::engine
