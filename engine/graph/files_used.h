// The files that a plan names: none may be written by two, or be read and written.
#pragma once

#include "engine/config/diagnostics.h"
#include "engine/graph/plan.h"

namespace rare::engine {

// Reports a sink whose file is another sink's, too, or one that a node or service reads: rows of
// two sinks in one file would be torn, and an input that is replaced is lost. Also one that a
// source whose input may grow finds in its folder or by its pattern: it would take what the run
// wrote for new input. Compares the paths as written (made absolute), not what links stand for.
void check_files(const Plan& plan, Diagnostics& diagnostics);

// Refuses a sink whose output is several numbered files, `location` (Sink::location(), with a `*`
// in the place of the number), where one of them may be another sink's, or what a node or service
// reads: it would be replaced, or removed as what an older result has left.
Status check_numbered_files(const Plan& plan, const PlannedNode& sink, const std::string& location);

}  // namespace rare::engine
