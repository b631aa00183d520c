// Reads from state.db what a later start needs to go on.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/state/row_reader.h"
#include "engine/state/run_state.h"
#include "engine/state/sqlite.h"

namespace rare::engine {

const char* phase_name(Phase phase);
// Adds numbers to numbers, at any depth of objects; of everything else the newer value stays.
void add_totals(Json& totals, const Json& more);

// Phase, ledger, starts and usage. REQUIRES: the run row is there.
void read_totals(RowReader& rows, Resume& resume);
// In the order in which they first worked.
std::vector<std::pair<std::string, NodeTally>> read_node_tallies(RowReader& rows);
// REQUIRES: the run row is there. Tallies of nodes that are not in `node_names` are left out.
Result<Resume> read_resume(sqlite::Database& database, const std::vector<std::string>& node_names);

}  // namespace rare::engine
