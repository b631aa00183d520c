// `save: FILE` on a node: the plan gets a sink of its own for it, NODE.save, so that what is saved
// has every guarantee of a sink. Its name cannot be a declared node's, because those have no dot.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/config/diagnostics.h"
#include "engine/config/pipeline.h"
#include "engine/graph/edges.h"
#include "engine/plugin/registry.h"

namespace rare::engine {

// Appends a sink for each node that says `save`, without inputs. Reports where there is no sink to
// take it, and `save` on a sink.
void add_saving_sinks(PipelineConfig& config, const Registry& registry, Diagnostics& diagnostics);

// Every port of the node becomes an input of its sink. REQUIRES: `drafts` has all nodes of
// `config`, of which the first `declared` stand in the pipeline file.
void connect_saving_sinks(PipelineConfig& config, std::size_t declared,
                          const std::vector<DraftNode>& drafts);

}  // namespace rare::engine
