// The plan as the `plan` verb shows it.
#pragma once

#include <string>

#include "engine/graph/plan.h"

namespace rare::engine {

// Tables of nodes with their inputs, ports, parallelism, services, fields in and out, and the
// fields that are known after each; credits and estimated memory.
std::string plan_to_text(const Plan& plan);
// {"name", "order", "credits", "credits_at_least", "credits_from_services",
// "estimated_memory_bytes", "services": [{"name", "use", "params"}], "nodes": [{"name", "use",
// "from", "ports", "parallelism", "level", "gather", "services", "reads", "writes", "fields_after",
// "source_fields_after", "params"}]}; secrets masked. credits is 0 when they are chosen at start,
// from credits_at_least on. After a node a record has the fields of fields_after, and with
// source_fields_after whatever else its source brought.
Json plan_to_json(const Plan& plan);
// Drawings with the same facts, for Graphviz and for Mermaid (which Markdown viewers show).
std::string plan_to_dot(const Plan& plan);
std::string plan_to_mermaid(const Plan& plan);

// "records in flight: at most 8", "estimated memory: ...".
std::string credits_text(const Plan& plan);
std::string memory_text(const Plan& plan);

}  // namespace rare::engine
