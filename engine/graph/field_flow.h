// Which fields of a record nodes read and write, and what can be known to be wrong with that.
//
// What a source gives out is unknown, so a field is refused only when it can be known to be
// missing.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/config/diagnostics.h"
#include "engine/graph/plan.h"

namespace rare::engine {

// The names behind Spec::reads(), writes() and writes_given() with the node's values; fields whose
// parameter is empty are left out.
std::vector<std::string> fields_read(const PlannedNode& node);
std::vector<std::string> fields_written(const PlannedNode& node);

// For each node of the plan, the nodes above it (not itself).
std::vector<std::set<std::uint32_t>> nodes_above(const Plan& plan);

// For each node of the plan, the fields that every record has behind it, beside what its source
// brought: what nodes above and the node itself wrote, and what they could not have done without.
// Behind a fan-in: what all ways to it have in common; behind a node that reshapes: what it writes.
std::vector<std::set<std::string>> fields_known_after(const Plan& plan);

// Reports a read of a field that only nodes further down or beside write, and two writers of one
// field on one path.
void check_fields(const Plan& plan, Diagnostics& diagnostics);

// "node 'x' reads 'questions', near 'question' that node 'y' writes": what is no error, because the
// source may bring that field, but likely a slip. For the plan's text.
std::vector<std::string> field_notes(const Plan& plan);

}  // namespace rare::engine
