// Who records are: the rules that a run, and a pass of its own over a part of its graph, share.
// Seeds and orders hang on identities, so both give the same record the same one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/graph/plan.h"
#include "rare/record.h"

namespace rare::engine {

// Of a source or whole-set node, among all origins of the run: first the sources, then the
// whole-set nodes, each in the plan's order.
inline std::uint32_t origin_place(const Plan& plan, const PlannedNode& node) {
  std::uint32_t place = 0;
  for (const PlannedNode& other : plan.nodes) {
    const bool is_source = other.kind() == ComponentKind::source;
    const bool stands_before = other.index < node.index;
    if (is_source && (node.gathers() || stands_before)) ++place;
    if (node.gathers() && other.gathers() && stands_before) ++place;
  }
  return place;
}

// What stands before the ordinal in the ids of records that begin there; nothing at the first
// source.
inline std::shared_ptr<const std::string> id_prefix(std::uint32_t place, const PlannedNode& node) {
  return place > 0 ? std::make_shared<const std::string>(node.name) : nullptr;
}

// Of what came of `parent`, as its child `step.child`, on edge `step.edge` of `edges`.
inline RecordId id_of_branch(const RecordId& parent, RecordId::Step step, std::size_t edges) {
  return step.several || edges > 1 ? parent.child(step) : parent;
}

}  // namespace rare::engine
