#include "engine/graph/plan.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "engine/graph/edges.h"
#include "engine/graph/field_flow.h"
#include "engine/graph/files_used.h"
#include "engine/graph/parameter_binding.h"
#include "engine/graph/saving_sinks.h"

namespace rare::engine {
namespace {

const char* kind_name(ComponentKind kind) {
  switch (kind) {
    case ComponentKind::operator_:
    case ComponentKind::async_operator:
      return "an operator";
    case ComponentKind::source:
      return "a source";
    case ComponentKind::sink:
      return "a sink";
    case ComponentKind::service:
      return "a service";
  }
  return "a component";
}

class Planner {
 public:
  Planner(Plan& plan, const Registry& registry, Diagnostics& diagnostics)
      : plan_(plan),
        registry_(registry),
        diagnostics_(diagnostics),
        config_is_whole_(diagnostics.ok()) {}

  void run() {
    const std::size_t errors_before = diagnostics_.errors().size();
    collect_names();
    for (const ServiceConfig& service : plan_.config.services) plan_service(service);
    const std::size_t declared = plan_.config.nodes.size();
    add_saving_sinks(plan_.config, registry_, diagnostics_);
    for (const NodeConfig& node : plan_.config.nodes) plan_node(node);
    connect_saving_sinks(plan_.config, declared, drafts_);
    connect_nodes(drafts_, plan_.config, config_is_whole_ && ports_are_known_, diagnostics_);
    std::optional<std::vector<std::uint32_t>> order = topological_order(drafts_, diagnostics_);
    // Fields and passes can only be judged over a graph that holds together. (What has no `use` was
    // reported with the configuration.)
    if (!order || diagnostics_.errors().size() > errors_before || lacks_a_component()) {
      plan_.services.clear();
      return;
    }
    build_nodes(*order);
    check_fields(plan_, diagnostics_);
    check_files(plan_, diagnostics_);
    check_corpora();
    check_growing_sources();
  }

 private:
  bool lacks_a_component() const {
    const auto unknown = [](const auto& part) { return part.use == nullptr; };
    return std::any_of(plan_.services.begin(), plan_.services.end(), unknown) ||
           std::any_of(drafts_.begin(), drafts_.end(), unknown);
  }

  void collect_names() {
    for (const ServiceConfig& service : plan_.config.services) {
      names_.services.push_back(service.name);
    }
    for (const NodeConfig& node : plan_.config.nodes) names_.nodes.push_back(node.name);
  }

  // The component, or null (reported). `is_service`: whether it stands under services.
  const RegisteredComponent* find_component(const std::string& use, const Location& where,
                                            const std::string& prefix, bool is_service) {
    if (use.empty()) return nullptr;  // reported with the configuration
    const RegisteredComponent* found = registry_.find(use);
    if (found == nullptr) {
      report_unknown(use, where, prefix, is_service);
      return nullptr;
    }
    const ComponentKind kind = found->component.kind;
    if (is_service != (kind == ComponentKind::service)) {
      diagnostics_.error(where,
                         prefix + "expected " +
                             (is_service ? "a service" : "a source, an operator or a sink") +
                             ", got '" + use + "', which is " + kind_name(kind),
                         is_service ? "it stands under 'nodes:'"
                                    : "it stands under 'services:', and nodes name it in 'with:'");
      return nullptr;
    }
    return found;
  }

  void report_unknown(const std::string& use, const Location& where, const std::string& prefix,
                      bool is_service) {
    std::vector<std::string> fitting;
    for (const std::string& name : registry_.names()) {
      const bool is = registry_.find(name)->component.kind == ComponentKind::service;
      if (is == is_service) fitting.push_back(name);
    }
    std::string near = nearest_name(use, fitting);
    if (near.empty()) near = nearest_name(use, registry_.names());
    std::string hint = near.empty() ? "" : "did you mean '" + near + "'?\n";
    hint += "'rare-engine operators' lists what is installed";
    if (!registry_.refused().empty()) {
      hint += ", 'rare-engine plugins' what was refused (" +
              std::to_string(registry_.refused().size()) + ")";
    }
    diagnostics_.error(
        where,
        prefix + "unknown " + (is_service ? "service component" : "operator") + " '" + use + "'",
        hint);
  }

  void plan_service(const ServiceConfig& config) {
    const std::string prefix = "service '" + config.name + "': ";
    PlannedService service;
    service.name = config.name;
    service.where = config.where;
    service.use = find_component(config.use, config.use_where, prefix, true);
    if (service.use != nullptr) {
      service.values = bind_parameters(service.use->component.spec, config.with, prefix,
                                       config.where, names_, diagnostics_);
    }
    plan_.services.push_back(std::move(service));
  }

  void plan_node(const NodeConfig& config) {
    const std::string prefix = "node '" + config.name + "': ";
    DraftNode draft;
    draft.config = &config;
    draft.use = find_component(config.use, config.use_where, prefix, false);
    Json values;
    if (draft.use != nullptr) {
      const Spec& spec = draft.use->component.spec;
      values = bind_parameters(spec, config.with, prefix, config.where, names_, diagnostics_);
      check_parallelism(draft, prefix);
      check_timeout(draft, prefix);
      const std::size_t errors_before = diagnostics_.errors().size();
      check_named_ports(draft, diagnostics_);
      ports_are_known_ &= diagnostics_.errors().size() == errors_before;
      draft.ports = output_ports(draft.use->component, values);
    }
    drafts_.push_back(std::move(draft));
    values_.push_back(std::move(values));
  }

  void check_parallelism(const DraftNode& draft, const std::string& prefix) {
    const ComponentKind kind = draft.use->component.kind;
    const bool gathers = draft.use->component.spec.is_gather();
    if (kind != ComponentKind::source && kind != ComponentKind::sink && !gathers) return;
    const NodeConfig& config = *draft.config;
    if (!config.parallelism_auto && config.parallelism.value_or(1) == 1) return;
    const std::string why =
        gathers ? "' works over the whole set" : std::string("' is ") + kind_name(kind);
    diagnostics_.error(
        config.parallelism_where,
        prefix + "parallelism: expected 1, because '" + config.use + why + ", got " +
            (config.parallelism_auto ? std::string("'auto'") : std::to_string(*config.parallelism)),
        gathers ? "take it out: one instance sees every record"
                : "take it out: records are read and written one after another");
  }

  void check_timeout(const DraftNode& draft, const std::string& prefix) {
    const NodeConfig& config = *draft.config;
    const ComponentKind kind = draft.use->component.kind;
    if (!config.timeout_s || kind == ComponentKind::async_operator) return;
    const bool is_operator = kind == ComponentKind::operator_;
    diagnostics_.error(
        config.timeout_where,
        prefix + "timeout_s: only nodes that wait for services have a time limit, and '" +
            config.use + (is_operator ? "' computes" : std::string("' is ") + kind_name(kind)),
        "take it out");
  }

  int parallelism_of(const NodeConfig& config, const PlannedNode& node) const {
    if (config.parallelism) return *config.parallelism;
    const bool is_async = node.kind() == ComponentKind::async_operator;
    if (is_async) return 0;
    if (config.parallelism_auto) {
      return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    }
    return node.services.empty() || node.gathers() ? 1 : 0;
  }

  std::vector<ServiceUse> services_of(const PlannedNode& node) const {
    std::vector<ServiceUse> uses;
    for (const ParamSpec& param : node.spec().params()) {
      const Json& value = node.values.at(param.name);
      if (param.type != ParamType::service || !value.is_string()) continue;
      for (std::uint32_t i = 0; i < plan_.services.size(); ++i) {
        if (plan_.services[i].name == value) uses.push_back({param.name, i});
      }
    }
    return uses;
  }

  void build_nodes(const std::vector<std::uint32_t>& order) {
    std::vector<std::uint32_t> place(order.size());  // by the file's order
    for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    for (std::uint32_t index : order) {
      const DraftNode& draft = drafts_[index];
      PlannedNode node;
      node.index = static_cast<std::uint32_t>(plan_.nodes.size());
      node.name = draft.config->name;
      node.use = draft.use;
      node.values = std::move(values_[index]);
      node.where = draft.config->where;
      node.on_error = draft.config->on_error;
      node.timeout_s = draft.config->timeout_s;
      node.services = services_of(node);
      node.parallelism = parallelism_of(*draft.config, node);
      node.successors.resize(draft.ports.size());
      for (const Edge& edge : draft.inputs) {
        const PlannedNode& above = plan_.nodes[place[edge.node]];
        node.predecessors.push_back(above.index);
        node.depth = std::max(node.depth, above.depth + 1);
        node.level = std::max(node.level, above.level + (above.gathers() ? 1 : 0));
      }
      plan_.nodes.push_back(std::move(node));
    }
    for (std::uint32_t index = 0; index < drafts_.size(); ++index) {
      for (const Edge& edge : drafts_[index].inputs) {
        plan_.nodes[place[edge.node]].successors[edge.port].push_back(place[index]);
      }
    }
  }

  // Services that read a node's records need nodes that can be run apart.
  void check_corpora() {
    for (std::size_t i = 0; i < plan_.services.size(); ++i) {
      const PlannedService& service = plan_.services[i];
      for (const ParamSpec& param : service.use->component.spec.params()) {
        const Json& value = service.values.at(param.name);
        if (param.type != ParamType::node || !value.is_string()) continue;
        Result<std::vector<std::uint32_t>> nodes = corpus_nodes(plan_, value.get<std::string>());
        if (nodes) continue;
        const ConfigValue* written = plan_.config.services[i].with.find(param.name);
        diagnostics_.error(written != nullptr ? written->where : service.where,
                           "service '" + service.name + "': parameter '" + param.name +
                               "': " + nodes.status().message(),
                           "name a node further up");
      }
    }
  }

  // What a whole-set node has given out is given out: more that comes to it later is too late. Nor
  // can a run go on over a growing source beside one: a run that has ended keeps nothing of what
  // its whole-set nodes took in.
  void check_growing_sources() {
    const auto gathers = [](const PlannedNode& node) { return node.gathers(); };
    const auto node = std::find_if(plan_.nodes.begin(), plan_.nodes.end(), gathers);
    if (node == plan_.nodes.end()) return;
    for (const PlannedNode& source : plan_.nodes) {
      if (!source.grows()) continue;
      diagnostics_.error(source.where,
                         "node '" + source.name + "': " + source.spec().grows_param() +
                             ": expected false, because '" + node->name + "' (" +
                             node->spec().name() +
                             ") works over the whole set, which is whole only once, got true",
                         "make it false, and begin anew with --fresh when the input has grown; or "
                         "take '" +
                             node->name + "' out, into a pipeline of its own");
    }
  }

  Plan& plan_;
  const Registry& registry_;
  Diagnostics& diagnostics_;
  const bool config_is_whole_;
  bool ports_are_known_ = true;
  BindingNames names_;
  std::vector<DraftNode> drafts_;  // in the file's order
  std::vector<Json> values_;       // of each draft
};

}  // namespace

std::vector<std::string> PlannedNode::ports() const { return output_ports(use->component, values); }

const PlannedNode* Plan::node(std::string_view name) const {
  for (const PlannedNode& node : nodes) {
    if (node.name == name) return &node;
  }
  return nullptr;
}

std::vector<std::string> input_names(const Plan& plan, const PlannedNode& node) {
  std::vector<std::string> names;
  std::vector<std::uint32_t> seen;
  for (std::uint32_t input : node.predecessors) {
    if (std::find(seen.begin(), seen.end(), input) != seen.end()) continue;
    seen.push_back(input);
    const PlannedNode& above = plan.nodes[input];
    const std::vector<std::string> ports = above.ports();
    for (std::size_t port = 0; port < ports.size(); ++port) {
      const std::vector<std::uint32_t>& readers = above.successors[port];
      if (std::find(readers.begin(), readers.end(), node.index) == readers.end()) continue;
      names.push_back(ports.size() == 1 ? above.name : above.name + "." + ports[port]);
    }
  }
  return names;
}

Plan make_plan(PipelineConfig config, const Registry& registry, Diagnostics& diagnostics) {
  Plan plan;
  plan.config = std::move(config);
  plan.credits = plan.config.max_records_in_flight.value_or(0);
  Planner(plan, registry, diagnostics).run();
  return plan;
}

}  // namespace rare::engine
