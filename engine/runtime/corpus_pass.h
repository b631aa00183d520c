// A service's own pass over what a node gives out: the sources and CPU operators above it, run
// again, apart from the run. It gives what the run gives there, with the same ids, in the order of
// `order: input`. Counts nothing and makes no dead letters: a record that fails here is left out,
// and the run itself says why.
//
// Each whole-set operator on the way runs on a thread of its own, over a walk of its own that
// brings to it what it takes in (corpus_walk.h): nothing is kept on disk, and what stands above
// several of them is read once for each. See docs/decisions/0010-corpora-over-whole-sets.md.
#pragma once

#include <memory>
#include <string>

#include "engine/graph/plan.h"
#include "engine/runtime/component_context.h"
#include "rare/context.h"

namespace rare::engine {

// Threads of the stream end with it, in the middle of their work if need be. REQUIRES: plan and
// environment outlive it. Errors: the node's own way cannot be run apart (corpus_nodes), or one of
// its components does not open; of the stream's next(): what would end the run, or that it is cut.
Result<std::unique_ptr<RecordStream>> open_corpus_pass(const Plan& plan, const std::string& node,
                                                       const Environment& environment);

}  // namespace rare::engine
