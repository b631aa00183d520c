// The files that a plan names: none may be written by two, or be read and written.
#pragma once

#include "engine/config/diagnostics.h"
#include "engine/graph/plan.h"

namespace rare::engine {

// Reports a sink whose file is another sink's, too, or one that a node or service reads: rows of
// two sinks in one file would be torn, and an input that is replaced is lost. Compares the paths as
// written (made absolute), not what links or patterns stand for.
void check_files(const Plan& plan, Diagnostics& diagnostics);

}  // namespace rare::engine
