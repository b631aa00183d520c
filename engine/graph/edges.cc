#include "engine/graph/edges.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/config/name_list.h"
#include "engine/config/pipeline_keys.h"

namespace rare::engine {
namespace {

std::string prefix(const DraftNode& node) { return "node '" + node.config->name + "': "; }

bool is_kind(const DraftNode& node, ComponentKind kind) {
  return node.use != nullptr && node.use->component.kind == kind;
}

class Connector {
 public:
  Connector(std::vector<DraftNode>& nodes, const PipelineConfig& config, Diagnostics& diagnostics)
      : nodes_(nodes), config_(config), diagnostics_(diagnostics) {}

  void run(bool config_is_whole) {
    const std::size_t errors_before = diagnostics_.errors().size();
    for (DraftNode& node : nodes_) connect(node);
    const bool all_connected = diagnostics_.errors().size() == errors_before;
    if (config_is_whole && all_connected) check_outputs();
  }

 private:
  void connect(DraftNode& node) {
    const NodeConfig& config = *node.config;
    if (is_kind(node, ComponentKind::source)) {
      if (config.from_given && !config.from.empty()) {
        diagnostics_.error(config.from.front().where,
                           prefix(node) + "a source has no 'from': '" + config.use +
                               "' brings records in from outside",
                           "take out 'from', or use an operator here");
      }
      return;
    }
    if (config.from.empty()) {
      report_no_input(node);
      return;
    }
    for (const InputRef& input : config.from) add_input(node, input);
  }

  void report_no_input(const DraftNode& node) {
    if (node.use == nullptr) return;
    if (node.config == nodes_.front().config) {
      diagnostics_.error(
          node.config->use_where,
          prefix(node) + "the first node has to be a source, '" + node.config->use + "' is not",
          "begin with one: `rare-engine operators` lists the sources that are installed");
    } else {
      diagnostics_.error(node.config->where, prefix(node) + "has no input",
                         node.config->from_given ? "'from' is empty: name the node that it reads"
                                                 : "a node that an overlay adds names its 'from'");
    }
  }

  void add_input(DraftNode& node, const InputRef& input) {
    std::optional<std::uint32_t> found = find(input.node);
    if (!found) {
      report_unknown(node, input);
      return;
    }
    const DraftNode& from = nodes_[*found];
    if (is_kind(from, ComponentKind::sink)) {
      diagnostics_.error(input.where,
                         prefix(node) + "'" + input.node + "' is a sink, records end there",
                         "read from the node before it: from: NAME");
      return;
    }
    std::optional<std::uint32_t> port = find_port(node, from, input);
    if (!port) return;
    for (const Edge& edge : node.inputs) {
      if (edge.node != *found || edge.port != *port) continue;
      diagnostics_.error(input.where, prefix(node) + "reads '" + input.node +
                                          "' twice: each record would come "
                                          "in twice");
      return;
    }
    node.inputs.push_back({*found, *port});
  }

  // Also for a component that is not known: then any port will do.
  std::optional<std::uint32_t> find_port(const DraftNode& node, const DraftNode& from,
                                         const InputRef& input) {
    if (input.port.empty() || from.use == nullptr) return 0;
    const std::vector<std::string>& ports = from.ports;
    for (std::uint32_t i = 0; i < ports.size(); ++i) {
      if (ports[i] == input.port) return i;
    }
    const std::string near = nearest_name(input.port, ports);
    diagnostics_.error(
        input.where, prefix(node) + "node '" + input.node + "' has no port '" + input.port + "'",
        near.empty() ? "its ports: " + joined(ports) : "did you mean '" + near + "'?");
    return std::nullopt;
  }

  void report_unknown(const DraftNode& node, const InputRef& input) {
    for (const RemovedNode& removed : config_.removed_nodes) {
      if (removed.name != input.node) continue;
      diagnostics_.error(
          input.where,
          prefix(node) + "reads node '" + input.node + "', which is taken out at " +
              removed.where.to_string(),
          "name another input there: nodes: { " + node.config->name + ": { from: NAME } }");
      return;
    }
    for (const ServiceConfig& service : config_.services) {
      if (service.name != input.node) continue;
      diagnostics_.error(
          input.where, prefix(node) + "from: expected a node, got the service '" + input.node + "'",
          "services are named by parameters, inside 'with:'");
      return;
    }
    std::vector<std::string> names;
    for (const DraftNode& other : nodes_) names.push_back(other.config->name);
    const std::string near = nearest_name(input.node, names);
    diagnostics_.error(
        input.where, prefix(node) + "from: unknown node '" + input.node + "'",
        near.empty() ? "nodes here: " + joined(names) : "did you mean '" + near + "'?");
  }

  // A record on an output that nobody reads would vanish.
  void check_outputs() {
    std::set<std::pair<std::uint32_t, std::uint32_t>> read;
    for (const DraftNode& node : nodes_) {
      for (const Edge& edge : node.inputs) read.insert({edge.node, edge.port});
    }
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      const DraftNode& node = nodes_[i];
      if (node.use == nullptr || node.use->component.kind == ComponentKind::sink) continue;
      const std::vector<std::string>& ports = node.ports;
      std::vector<std::string> unread;
      for (std::uint32_t port = 0; port < ports.size(); ++port) {
        if (!read.contains({i, port})) unread.push_back(ports[port]);
      }
      if (unread.empty()) continue;
      const std::string hint = "lead it to a sink, or take the node out";
      if (unread.size() == ports.size()) {
        diagnostics_.error(node.config->where, prefix(node) + "nobody reads its output", hint);
      } else {
        diagnostics_.error(node.config->where,
                           prefix(node) + "nobody reads its output '" + joined(unread) + "'",
                           "lead it to a sink: from: " + node.config->name + "." + unread.front());
      }
    }
  }

  std::optional<std::uint32_t> find(const std::string& name) const {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].config->name == name) return i;
    }
    return std::nullopt;
  }

  std::vector<DraftNode>& nodes_;
  const PipelineConfig& config_;
  Diagnostics& diagnostics_;
};

// REQUIRES: every node of `left` reads another of them. Goes up from one until a node repeats.
void report_cycle(const std::vector<DraftNode>& nodes, const std::set<std::uint32_t>& left,
                  Diagnostics& diagnostics) {
  std::vector<std::uint32_t> way{*left.begin()};
  for (;;) {
    const auto& inputs = nodes[way.back()].inputs;
    auto above = std::find_if(inputs.begin(), inputs.end(),
                              [&](const Edge& edge) { return left.contains(edge.node); });
    auto seen = std::find(way.begin(), way.end(), above->node);
    if (seen != way.end()) {
      way.erase(way.begin(), seen);
      break;
    }
    way.push_back(above->node);
  }
  std::reverse(way.begin(), way.end());
  std::rotate(way.begin(), std::min_element(way.begin(), way.end()), way.end());
  std::string names, places;
  for (std::uint32_t node : way) {
    names += nodes[node].config->name + " -> ";
    places +=
        "'" + nodes[node].config->name + "' is at " + nodes[node].config->where.to_string() + "\n";
  }
  diagnostics.error(nodes[way.front()].config->where,
                    "a cycle: " + names + nodes[way.front()].config->name,
                    places + "records would go round for ever: change a 'from'");
}

}  // namespace

std::vector<std::string> output_ports(const Component& component, const Json& values) {
  if (component.kind == ComponentKind::sink || component.kind == ComponentKind::service) return {};
  std::vector<std::string> ports;
  const auto named = values.find(component.spec.ports_param());
  if (named != values.end()) {
    const Json maps = named->is_array() ? *named : Json::array({*named});
    for (const Json& map : maps) {
      if (!map.is_object()) continue;  // reported
      for (const auto& [port, value] : map.items()) ports.push_back(port);
    }
  }
  ports.insert(ports.end(), component.spec.ports().begin(), component.spec.ports().end());
  if (ports.empty()) ports.emplace_back("out");
  return ports;
}

void check_named_ports(const DraftNode& node, Diagnostics& diagnostics) {
  const Spec& spec = node.use->component.spec;
  if (spec.ports_param().empty()) return;
  const ConfigValue* written = node.config->with.find(spec.ports_param());
  if (written == nullptr || written->kind == ConfigValue::Kind::null) return;
  const std::string start = prefix(node) + "parameter '" + spec.ports_param() + "': ";
  const auto report = [&](const Location& where, const std::string& what) {
    diagnostics.error(where, start + what,
                      "write " + spec.ports_param() + ": { NAME: VALUE }, or a list of such maps");
  };
  const bool is_list = written->kind == ConfigValue::Kind::sequence;
  const std::size_t maps = is_list ? written->items.size() : 1;
  std::vector<std::string> seen = spec.ports();
  const std::size_t fixed = seen.size();
  for (std::size_t i = 0; i < maps; ++i) {
    const ConfigValue& map = is_list ? written->items[i] : *written;
    if (map.kind != ConfigValue::Kind::map) {
      report(map.where, "expected a map of port names, got " + map.describe());
      return;
    }
    for (std::size_t entry = 0; entry < map.entries.size(); ++entry) {
      const std::string& port = map.entries[entry].first;
      const Location& where = map.entry_locations[entry];
      if (!is_valid_name(port)) {
        report(where, "'" + port + "' cannot name a port: a name has letters, digits, '_' and '-'");
      } else if (contains(seen, port)) {
        report(where, "the port '" + port + "' is there twice");
      }
      seen.push_back(port);
    }
  }
  if (seen.size() == fixed) report(written->where, "it names no port");
}

void connect_nodes(std::vector<DraftNode>& nodes, const PipelineConfig& config,
                   bool config_is_whole, Diagnostics& diagnostics) {
  Connector(nodes, config, diagnostics).run(config_is_whole);
}

std::optional<std::vector<std::uint32_t>> topological_order(const std::vector<DraftNode>& nodes,
                                                            Diagnostics& diagnostics) {
  std::vector<std::uint32_t> order;
  std::set<std::uint32_t> left;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) left.insert(i);
  while (!left.empty()) {
    auto ready = std::find_if(left.begin(), left.end(), [&](std::uint32_t i) {
      return std::none_of(nodes[i].inputs.begin(), nodes[i].inputs.end(),
                          [&](const Edge& edge) { return left.contains(edge.node); });
    });
    if (ready == left.end()) {
      report_cycle(nodes, left, diagnostics);
      return std::nullopt;
    }
    order.push_back(*ready);
    left.erase(ready);
  }
  return order;
}

}  // namespace rare::engine
