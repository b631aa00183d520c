#include "engine/graph/plan_text.h"

#include <algorithm>

#include "engine/config/name_list.h"
#include "engine/graph/field_flow.h"
#include "engine/graph/plan_estimate.h"
#include "engine/text/url_user.h"

namespace rare::engine {
namespace {

using Row = std::vector<std::string>;

template <class Names>
std::string cell(const Names& names) {
  return joined(names, "-");
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

// URLs may carry a user and a password, whatever parameter they are in.
Json without_users(const Json& value) {
  if (value.is_string()) return without_url_user(value.get<std::string>());
  Json result = value;
  if (value.is_structured()) {
    for (Json& item : result) item = without_users(item);
  }
  return result;
}

Json masked(const Spec& spec, const Json& values) {
  Json result = without_users(values);
  for (const ParamSpec& param : spec.params()) {
    auto value = result.find(param.name);
    if (!param.secret || value == result.end()) continue;
    const bool is_empty = value->is_null() || *value == "";
    if (!is_empty) *value = "***";
  }
  return result;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

// What is known behind each node; a component's ports where it has several.
std::string fields_table(const Plan& plan) {
  const std::vector<std::set<std::string>> known = fields_known_after(plan);
  std::vector<Row> rows{{"NODE", "PORTS", "FIELDS AFTER IT, AND WHATEVER ELSE THE SOURCE HAS"}};
  for (const PlannedNode& node : plan.nodes) {
    const std::set<std::string>& fields = known[node.index];
    rows.push_back({node.name, cell(node.ports()), cell(fields)});
  }
  return table(rows);
}

}  // namespace

std::string credits_text(const Plan& plan) {
  const PlanEstimate needs = estimate(plan);
  if (plan.credits > 0) return "records in flight: at most " + std::to_string(plan.credits);
  std::string text = "records in flight: chosen at start, " + std::to_string(needs.credits);
  if (needs.services_add) text += " and what the services take at once";
  return text;
}

std::string memory_text(const Plan& plan) {
  const PlanEstimate needs = estimate(plan);
  std::string text = "estimated memory: up to " + mebibytes(needs.memory_bytes);
  if (needs.services_add) {
    text += ", and " + mebibytes(kBytesPerCredit) + " for each record in flight beyond those";
  }
  return text + (plan.services.empty() ? "" : "; what services hold comes on top");
}

std::string plan_to_text(const Plan& plan) {
  std::string text = "pipeline " + plan.config.name + "\n";
  text += "  order: ";
  text += plan.config.order == Order::input ? "input" : "any";
  text += ", " + credits_text(plan) + "\n  " + memory_text(plan) + "\n";
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
    any_nondeterministic |= node.is_nondeterministic();
    rows.push_back({node.name, node.spec().name() + (node.is_nondeterministic() ? " *" : ""),
                    cell(input_names(plan, node)), parallelism_text(node),
                    cell(service_names(plan, node)), cell(fields_read(node)),
                    cell(fields_written(node))});
  }
  text += "\n" + table(rows);
  text += "\n" + fields_table(plan);
  if (any_nondeterministic) {
    text +=
        "\n* gives other results each time: what it gave out is kept, and a start that goes on "
        "uses "
        "it again\n";
  }
  for (const PlannedNode& node : plan.nodes) {
    if (!node.gathers()) continue;
    text += "\n" + node.name + " works over the whole set: what comes out of it is of level " +
            std::to_string(node.level + 1) + ", begun when all of level " +
            std::to_string(node.level) + " is done\n";
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
  const std::vector<std::set<std::string>> known = fields_known_after(plan);
  for (const PlannedNode& node : plan.nodes) {
    nodes.push_back({{"name", node.name},
                     {"use", node.spec().name()},
                     {"from", input_names(plan, node)},
                     {"ports", node.ports()},
                     {"parallelism", node.parallelism},
                     {"level", node.level},
                     {"gather", node.gathers()},
                     {"services", service_names(plan, node)},
                     {"reads", fields_read(node)},
                     {"writes", fields_written(node)},
                     {"fields_after", known[node.index]},
                     {"source_fields_after", true},
                     {"params", masked(node.spec(), node.values)}});
    if (node.timeout_s) nodes.back()["timeout_s"] = *node.timeout_s;
  }
  const PlanEstimate needs = estimate(plan);
  return {{"name", plan.config.name},
          {"order", plan.config.order == Order::input ? "input" : "any"},
          {"credits", plan.credits},
          {"credits_at_least", needs.credits},
          {"credits_from_services", needs.services_add},
          {"estimated_memory_bytes", needs.memory_bytes},
          {"services", std::move(services)},
          {"nodes", std::move(nodes)}};
}

}  // namespace rare::engine
