// Runs a random graph through the runtime and compares what came of it with the plain walk.
#pragma once

#include <string>

#include "random_graph.h"

namespace rare::engine::test {

// What is wrong, or nothing. Run undisturbed with so many threads.
std::string undisturbed_fault(const RandomGraph& graph, int threads);

// Started several times over one state, each time drained, aborted or killed at a moment that the
// graph's seed chooses, and then run to its end: the sinks, the ledger and the dead letters have to
// be those of an undisturbed run.
std::string resumed_fault(const RandomGraph& graph);

// Either, as a failing test shows it: what is wrong, the smallest pipeline that still does it, and
// how to repeat it. Empty when all is well.
std::string undisturbed_report(std::uint64_t seed, int most_records);
std::string resumed_report(std::uint64_t seed, int most_records);

}  // namespace rare::engine::test
