// Random pipelines of test components: a function of a seed, printed as YAML, and made smaller as
// long as something stays wrong with them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rare/json.h"

namespace rare::engine::test {

struct GraphNode {
  std::string name, use;
  Json with = Json::object();
  std::vector<std::string> from;   // "node" or "node.port"; empty: a source
  std::vector<std::string> ports;  // what others read of it; empty: a sink
  int parallelism = 1;
  std::string on_error = "dead_letter";
};

struct RandomGraph {
  std::uint64_t seed = 0;
  std::string order = "input";
  int credits = 1;
  std::size_t window_bytes = 64u << 20;
  std::size_t children_records = 64;      // of one record, on one credit
  std::size_t children_bytes = 1u << 20;  // the same, and of a family's rows in memory
  int drop_by = 0;                        // of the echo service
  std::vector<GraphNode> nodes;           // in the file's order

  std::string yaml() const;
  std::uint64_t records() const;
};

// Up to 40 nodes and `most_records` records a source.
RandomGraph random_graph(std::uint64_t seed, int most_records);

// The smallest graph on the way down that `fails`: fewer records, fewer nodes, plainer settings.
// Ends after about `seconds`.
RandomGraph shrunk(RandomGraph graph, const std::function<bool(const RandomGraph&)>& fails,
                   double seconds);

}  // namespace rare::engine::test
