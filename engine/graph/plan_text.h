// The plan as the `plan` verb shows it.
#pragma once

#include <string>

#include "engine/graph/plan.h"

namespace rare::engine {

// A table of nodes with their inputs, parallelism, services, fields in and out.
std::string plan_to_text(const Plan& plan);
// {"name", "order", "credits", "services": [{"name", "use", "params"}], "nodes": [{"name", "use",
// "from", "ports", "parallelism", "services", "reads", "writes", "params"}]}; secrets masked.
Json plan_to_json(const Plan& plan);
// Drawings, for Graphviz and for Mermaid (which Markdown viewers show).
std::string plan_to_dot(const Plan& plan);
std::string plan_to_mermaid(const Plan& plan);

}  // namespace rare::engine
