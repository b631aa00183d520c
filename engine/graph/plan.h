// The plan: a pipeline checked against what is installed. Knows no threads; immutable once made.
//
// Everything that can be wrong with a pipeline is found here or before, so that what has a plan
// starts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/config/diagnostics.h"
#include "engine/config/pipeline.h"
#include "engine/plugin/registry.h"
#include "rare/json.h"

namespace rare::engine {

struct PlannedService {
  std::string name;
  const RegisteredComponent* use = nullptr;
  Json values;  // every parameter of the spec, checked, defaults filled in
  Location where;
};

// A use of a service by a node's parameter.
struct ServiceUse {
  std::string param;
  std::uint32_t service = 0;  // index into Plan::services
};

struct PlannedNode {
  std::uint32_t index = 0;  // into Plan::nodes: a topological order, of equals the file's
  std::string name;
  const RegisteredComponent* use = nullptr;
  Json values;
  Location where;
  OnError on_error = OnError::dead_letter;
  // 0: sized when the services are open, by the concurrency of those it uses (`parallelism` left
  // out on a node that uses services).
  int parallelism = 1;
  // The longest time that one record may take in it, waits for services to be ready or to let it in
  // not counted; nothing: no limit. Only of async operators.
  std::optional<double> timeout_s;
  int depth = 0;  // the longest way from a source, in edges
  // How many whole-set nodes stand above it on the way with most of them. Levels run one after the
  // other; a whole-set node takes in on its level and gives out on the next.
  int level = 0;
  // For each port of the node, in the spec's order: the nodes behind it, in the file's order.
  std::vector<std::vector<std::uint32_t>> successors;
  std::vector<std::uint32_t> predecessors;  // in the order of `from`
  std::vector<ServiceUse> services;

  ComponentKind kind() const { return use->component.kind; }
  const Spec& spec() const { return use->component.spec; }
  bool gathers() const { return spec().is_gather(); }
  // A source whose input may grow between the starts of a run.
  bool grows() const {
    return !spec().grows_param().empty() && values.at(spec().grows_param()) == true;
  }
  bool is_nondeterministic() const {
    const std::string& param = spec().deterministic_param();
    return spec().is_nondeterministic() && (param.empty() || values.at(param) != true);
  }
  // As messages name it: "node 'ask' (Doc2Query)".
  std::string described() const { return "node '" + name + "' (" + spec().name() + ")"; }
  // The ports that its parameters name (Spec::ports_param), then the spec's, or the one port "out"
  // of a component without any. Sinks have none.
  std::vector<std::string> ports() const;
};

struct Plan {
  PipelineConfig config;
  std::vector<PlannedService> services;
  std::vector<PlannedNode> nodes;
  // max_records_in_flight of the pipeline, or 0: chosen when the services are open (by the
  // runtime's Executor).
  std::int64_t credits = 0;

  const PlannedNode* node(std::string_view name) const;
};

// What a node reads, as `from` would have it: "node", or "node.port" where the node has several.
std::vector<std::string> input_names(const Plan& plan, const PlannedNode& node);

// Checks names, types, ranges, references, cycles, ports, unused nodes and fields; all errors go to
// `diagnostics`. Usable only if there were none. REQUIRES: `registry` outlives the plan.
Plan make_plan(PipelineConfig config, const Registry& registry, Diagnostics& diagnostics);

// The nodes whose records a service reads in a pass of its own: `node` and all above it, in
// topological order. Refused (with the reason) when one of them is async, uses services or is
// nondeterministic, because the pass runs apart from the run.
Result<std::vector<std::uint32_t>> corpus_nodes(const Plan& plan, const std::string& node);

// What of the fingerprint is a parameter that has its default value: key -> value. A run that an
// earlier version began, before there was the parameter, went as if it had that.
Json fingerprint_defaults(const Plan& plan);

// What decides the results of a run, by "nodes.NAME.key" and "services.NAME.key": see `fingerprint`
// in docs/formats/state.md. Excludes limits, concurrency, URLs and secrets.
Json fingerprint(const Plan& plan);

}  // namespace rare::engine
