// A service's own pass over what a node gives out: the sources and CPU operators above it, run
// again, one record after the other, on the caller's thread. Counts nothing and makes no dead
// letters: a record that fails here is left out, and the run itself says why.
#pragma once

#include <memory>
#include <string>

#include "engine/graph/plan.h"
#include "engine/runtime/component_context.h"
#include "rare/context.h"

namespace rare::engine {

// REQUIRES: plan and environment outlive the stream. Errors: the node's own way cannot be run apart
// (corpus_nodes), or one of its components does not open.
Result<std::unique_ptr<RecordStream>> open_corpus_pass(const Plan& plan, const std::string& node,
                                                       const Environment& environment);

}  // namespace rare::engine
