#include "engine/graph/plan_text.h"

#include <algorithm>

#include "engine/graph/field_flow.h"

namespace rare::engine {
namespace {

using Row = std::vector<std::string>;

std::string joined(const std::vector<std::string>& parts, const char* none = "-") {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text.empty() ? none : text;
}

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += "  " + line + "\n";
  }
  return text;
}

std::string parallelism_text(const PlannedNode& node) {
  return node.parallelism == 0 ? "from services" : std::to_string(node.parallelism);
}

std::vector<std::string> service_names(const Plan& plan, const PlannedNode& node) {
  std::vector<std::string> names;
  for (const ServiceUse& use : node.services) names.push_back(plan.services[use.service].name);
  return names;
}

Json masked(const Spec& spec, const Json& values) {
  Json result = values;
  for (const ParamSpec& param : spec.params()) {
    auto value = result.find(param.name);
    if (!param.secret || value == result.end()) continue;
    const bool is_empty = value->is_null() || *value == "";
    if (!is_empty) *value = "***";
  }
  return result;
}

// Names in drawings are quoted; a double quote cannot be part of one (names are checked).
std::string drawing_label(const PlannedNode& node) {
  return node.name + " (" + node.spec().name() + ")";
}

template <class Draw>
void for_each_edge(const Plan& plan, Draw draw) {
  for (const PlannedNode& node : plan.nodes) {
    const std::vector<std::string> ports = node.ports();
    for (std::size_t port = 0; port < ports.size(); ++port) {
      for (std::uint32_t to : node.successors[port]) {
        draw(node, plan.nodes[to], ports.size() == 1 ? "" : ports[port]);
      }
    }
  }
}

}  // namespace

std::string plan_to_text(const Plan& plan) {
  std::string text = "pipeline " + plan.config.name + "\n";
  text += "  order: ";
  text += plan.config.order == Order::input ? "input" : "any";
  text += ", records in flight: ";
  text += plan.credits == 0 ? "chosen at start" : "at most " + std::to_string(plan.credits);
  text += "\n";
  if (!plan.services.empty()) {
    std::vector<Row> rows{{"SERVICE", "USE"}};
    for (const PlannedService& service : plan.services) {
      rows.push_back({service.name, service.use->component.spec.name()});
    }
    text += "\n" + table(rows);
  }
  std::vector<Row> rows{{"NODE", "USE", "FROM", "PARALLELISM", "SERVICES", "READS", "WRITES"}};
  bool any_nondeterministic = false;
  for (const PlannedNode& node : plan.nodes) {
    any_nondeterministic |= node.spec().is_nondeterministic();
    rows.push_back({node.name, node.spec().name() + (node.spec().is_nondeterministic() ? " *" : ""),
                    joined(input_names(plan, node)), parallelism_text(node),
                    joined(service_names(plan, node)), joined(fields_read(node)),
                    joined(fields_written(node))});
  }
  text += "\n" + table(rows);
  if (any_nondeterministic) {
    text += "\n* gives other results each time: its output is not a function of the record\n";
  }
  for (const std::string& note : field_notes(plan)) text += "\nnote: " + note + "\n";
  return text;
}

Json plan_to_json(const Plan& plan) {
  Json services = Json::array();
  for (const PlannedService& service : plan.services) {
    const Spec& spec = service.use->component.spec;
    services.push_back(
        {{"name", service.name}, {"use", spec.name()}, {"params", masked(spec, service.values)}});
  }
  Json nodes = Json::array();
  for (const PlannedNode& node : plan.nodes) {
    nodes.push_back({{"name", node.name},
                     {"use", node.spec().name()},
                     {"from", input_names(plan, node)},
                     {"ports", node.ports()},
                     {"parallelism", node.parallelism},
                     {"services", service_names(plan, node)},
                     {"reads", fields_read(node)},
                     {"writes", fields_written(node)},
                     {"params", masked(node.spec(), node.values)}});
  }
  return {{"name", plan.config.name},
          {"order", plan.config.order == Order::input ? "input" : "any"},
          {"credits", plan.credits},
          {"services", std::move(services)},
          {"nodes", std::move(nodes)}};
}

std::string plan_to_dot(const Plan& plan) {
  std::string text = "digraph pipeline {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const PlannedNode& node : plan.nodes) {
    text += "  n" + std::to_string(node.index) + " [label=\"" + drawing_label(node) + "\"];\n";
  }
  for_each_edge(plan, [&](const PlannedNode& from, const PlannedNode& to, const std::string& port) {
    text += "  n" + std::to_string(from.index) + " -> n" + std::to_string(to.index);
    text += port.empty() ? ";\n" : " [label=\"" + port + "\"];\n";
  });
  return text + "}\n";
}

std::string plan_to_mermaid(const Plan& plan) {
  std::string text = "flowchart LR\n";
  for (const PlannedNode& node : plan.nodes) {
    text += "  n" + std::to_string(node.index) + "[\"" + drawing_label(node) + "\"]\n";
  }
  for_each_edge(plan, [&](const PlannedNode& from, const PlannedNode& to, const std::string& port) {
    text += "  n" + std::to_string(from.index) + " -->" + (port.empty() ? "" : "|" + port + "|") +
            " n" + std::to_string(to.index) + "\n";
  });
  return text;
}

}  // namespace rare::engine
