// The edges of a pipeline: `from` resolved to nodes and ports, and the order that they impose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/diagnostics.h"
#include "engine/config/pipeline.h"
#include "engine/plugin/registry.h"

namespace rare::engine {

struct Edge {
  std::uint32_t node = 0;  // index in the file's order
  std::uint32_t port = 0;
};

// A node in the file's order while the plan is made.
struct DraftNode {
  const NodeConfig* config = nullptr;
  const RegisteredComponent* use = nullptr;  // null: unknown, reported
  std::vector<std::string> ports;            // output_ports() of it
  std::vector<Edge> inputs;                  // in the order of `from`
};

// The ports that the node's parameters name (Spec::ports_param) and the spec's own, or "out"; none
// for sinks.
std::vector<std::string> output_ports(const Component& component, const Json& values);

// Reports what is wrong with ports that the parameters name: no map, no name at all, a name that
// cannot stand in `from`, or one that is there twice.
void check_named_ports(const DraftNode& node, Diagnostics& diagnostics);

// Fills in the inputs. Reports unknown nodes and ports, inputs that are missing or impossible, and
// outputs that nobody reads; the last only when `config_is_whole`, because a node that could not be
// read may have been the reader.
void connect_nodes(std::vector<DraftNode>& nodes, const PipelineConfig& config,
                   bool config_is_whole, Diagnostics& diagnostics);

// Indices so that every node stands after all that it reads, of equals the file's first; nothing
// (and the cycle is reported) when there is no such order.
std::optional<std::vector<std::uint32_t>> topological_order(const std::vector<DraftNode>& nodes,
                                                            Diagnostics& diagnostics);

}  // namespace rare::engine
