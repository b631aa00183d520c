#include <algorithm>

#include "engine/graph/field_flow.h"
#include "engine/graph/plan.h"

namespace rare::engine {
namespace {

// Why a node cannot be part of a pass of its own, or empty.
std::string reason_against(const PlannedNode& node) {
  const std::string component = "'" + node.name + "' (" + node.spec().name() + ")";
  switch (node.kind()) {
    case ComponentKind::async_operator:
      return component + " awaits services, and would be paid for twice";
    case ComponentKind::sink:
      return component + " is a sink, nothing comes out of it";
    default:
      break;
  }
  if (!node.services.empty()) return component + " uses services, and would be paid for twice";
  if (node.grows()) {
    return component + " may have more at each start (" + node.spec().grows_param() +
           ": true), which a run that goes on would not search; name the corpus by its path, in "
           "files that stay as they are";
  }
  if (node.is_nondeterministic()) return component + " gives other results each time";
  return {};
}

}  // namespace

Result<std::vector<std::uint32_t>> corpus_nodes(const Plan& plan, const std::string& node) {
  const PlannedNode* last = plan.node(node);
  if (last == nullptr) {
    return Status(StatusCode::not_found, "unknown node '" + node + "'");
  }
  std::set<std::uint32_t> wanted = nodes_above(plan)[last->index];
  wanted.insert(last->index);
  for (std::uint32_t index : wanted) {
    const std::string reason = reason_against(plan.nodes[index]);
    if (reason.empty()) continue;
    return Status(StatusCode::invalid_argument,
                  "node '" + node + "' cannot be read in a pass of its own: node " + reason);
  }
  return std::vector<std::uint32_t>(wanted.begin(), wanted.end());
}

}  // namespace rare::engine
