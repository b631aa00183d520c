// The plan as drawings: the same facts as the text, in boxes and on edges.
#include <utility>

#include "engine/config/name_list.h"
#include "engine/graph/field_flow.h"
#include "engine/graph/plan_estimate.h"
#include "engine/graph/plan_text.h"

namespace rare::engine {
namespace {

// One language of drawings: how texts are quoted and lines of a label are parted.
struct Language {
  std::string line_end;
  std::string (*quoted)(const std::string& text);
};

std::string dot_quoted(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string mermaid_quoted(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '"') {
      result += "#quot;";
    } else if (c == '#') {
      result += "#35;";
    } else if (c == '<') {
      result += "#lt;";
    } else {
      result += c;
    }
  }
  return result;
}

const Language kDot{"\\n", dot_quoted};
const Language kMermaid{"<br/>", mermaid_quoted};

std::string node_label(const PlannedNode& node, const Language& in) {
  const std::vector<std::string> reads = fields_read(node), writes = fields_written(node);
  std::string label = in.quoted(node.name + " (" + node.spec().name() + ")");
  if (node.parallelism == 0) {
    label += in.line_end + "parallelism from services";
  } else if (node.parallelism > 1) {
    label += in.line_end + "parallelism " + std::to_string(node.parallelism);
  }
  if (!reads.empty()) label += in.line_end + in.quoted("reads " + joined(reads));
  if (!writes.empty()) label += in.line_end + in.quoted("writes " + joined(writes));
  return label;
}

std::string plan_label(const Plan& plan, const Language& in) {
  return in.quoted(plan.config.name) + in.line_end + in.quoted(credits_text(plan)) + in.line_end +
         in.quoted(memory_text(plan));
}

// What stands on an edge: the port where there are several, and the fields that are known.
std::string edge_label(const PlannedNode& node, std::size_t port,
                       const std::set<std::string>& fields) {
  const std::vector<std::string> ports = node.ports();
  std::string label = ports.size() == 1 ? "" : ports[port];
  if (!fields.empty()) label += (label.empty() ? "" : ": ") + joined(fields) + ", ...";
  return label;
}

template <class Draw>
void for_each_edge(const Plan& plan, Draw draw) {
  const std::vector<std::set<std::string>> known = fields_known_after(plan);
  for (const PlannedNode& node : plan.nodes) {
    for (std::size_t port = 0; port < node.successors.size(); ++port) {
      for (std::uint32_t to : node.successors[port]) {
        draw("n" + std::to_string(node.index), "n" + std::to_string(to),
             edge_label(node, port, known[node.index]));
      }
    }
  }
}

}  // namespace

std::string plan_to_dot(const Plan& plan) {
  std::string text = "digraph pipeline {\n  rankdir=LR;\n  labelloc=t;\n  label=\"" +
                     plan_label(plan, kDot) + "\";\n  node [shape=box];\n";
  for (std::size_t i = 0; i < plan.services.size(); ++i) {
    text += "  s" + std::to_string(i) + " [shape=ellipse, label=\"" +
            dot_quoted(plan.services[i].name + " (" + plan.services[i].use->component.spec.name()) +
            ")\"];\n";
  }
  for (const PlannedNode& node : plan.nodes) {
    text += "  n" + std::to_string(node.index) + " [label=\"" + node_label(node, kDot) + "\"];\n";
  }
  for_each_edge(plan, [&](const std::string& from, const std::string& to, const std::string& on) {
    text += "  " + from + " -> " + to;
    text += on.empty() ? ";\n" : " [label=\"" + dot_quoted(on) + "\"];\n";
  });
  for (const PlannedNode& node : plan.nodes) {
    for (const ServiceUse& use : node.services) {
      text += "  n" + std::to_string(node.index) + " -> s" + std::to_string(use.service) +
              " [style=dashed];\n";
    }
  }
  return text + "}\n";
}

std::string plan_to_mermaid(const Plan& plan) {
  std::string text = "flowchart LR\n  plan[/\"" + plan_label(plan, kMermaid) + "\"/]\n";
  for (std::size_t i = 0; i < plan.services.size(); ++i) {
    text +=
        "  s" + std::to_string(i) + "([\"" +
        mermaid_quoted(plan.services[i].name + " (" + plan.services[i].use->component.spec.name()) +
        ")\"])\n";
  }
  for (const PlannedNode& node : plan.nodes) {
    text += "  n" + std::to_string(node.index) + "[\"" + node_label(node, kMermaid) + "\"]\n";
  }
  for_each_edge(plan, [&](const std::string& from, const std::string& to, const std::string& on) {
    text += "  " + from + " -->" + (on.empty() ? "" : "|\"" + mermaid_quoted(on) + "\"|") + " " +
            to + "\n";
  });
  for (const PlannedNode& node : plan.nodes) {
    for (const ServiceUse& use : node.services) {
      text += "  n" + std::to_string(node.index) + " -.-> s" + std::to_string(use.service) + "\n";
    }
  }
  return text;
}

}  // namespace rare::engine
