// shrunk(): a failing graph made smaller.
#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "random_graph.h"

namespace rare::engine::test {
namespace {

using Inputs = std::vector<std::string>;

bool is_sink(const GraphNode& node) { return node.ports.empty(); }

void add_once(Inputs& inputs, const std::string& name) {
  if (std::count(inputs.begin(), inputs.end(), name) == 0) inputs.push_back(name);
}

// Takes out nodes that nothing comes to, and leads outputs that nobody reads to the last sink.
// False when no pipeline is left.
bool mend(RandomGraph& graph) {
  auto& nodes = graph.nodes;
  for (bool changed = true; changed;) {
    std::set<std::string> there;
    for (const GraphNode& node : nodes) there.insert(node.ports.begin(), node.ports.end());
    for (GraphNode& node : nodes) {
      std::erase_if(node.from, [&](const std::string& input) { return !there.contains(input); });
    }
    changed = std::erase_if(nodes, [](const GraphNode& node) {
                return node.from.empty() && node.use != "test.numbers";
              }) > 0;
  }
  std::set<std::string> read;
  for (const GraphNode& node : nodes) read.insert(node.from.begin(), node.from.end());
  const auto sink = std::find_if(nodes.rbegin(), nodes.rend(), is_sink);
  if (sink == nodes.rend()) return false;
  for (const GraphNode& node : nodes) {
    for (const std::string& port : node.ports) {
      if (!read.contains(port)) add_once(sink->from, port);
    }
  }
  const auto source = std::find_if(nodes.begin(), nodes.end(),
                                   [](const GraphNode& node) { return node.from.empty(); });
  if (source == nodes.end()) return false;
  std::rotate(nodes.begin(), source, source + 1);
  return true;
}

// Whoever read the node reads what the node read.
std::optional<RandomGraph> without(RandomGraph graph, std::size_t index) {
  const GraphNode gone = graph.nodes[index];
  graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(index));
  for (GraphNode& node : graph.nodes) {
    Inputs inputs;
    for (const std::string& input : node.from) {
      if (std::count(gone.ports.begin(), gone.ports.end(), input) == 0) {
        add_once(inputs, input);
      } else {
        for (const std::string& above : gone.from) add_once(inputs, above);
      }
    }
    node.from = std::move(inputs);
  }
  if (!mend(graph)) return std::nullopt;
  return graph;
}

// Everything that is one step smaller, the largest steps first.
std::vector<RandomGraph> smaller(const RandomGraph& graph) {
  std::vector<RandomGraph> steps;
  const auto changed = [&](auto&& change) {
    RandomGraph copy = graph;
    change(copy);
    if (copy.yaml() != graph.yaml()) steps.push_back(std::move(copy));
  };
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    if (auto copy = without(graph, i)) steps.push_back(std::move(*copy));
  }
  const auto fewer = [](std::int64_t count) {
    return std::vector<std::int64_t>{count / 2, count - 1};
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!graph.nodes[i].with.contains("count")) continue;
    for (const std::int64_t count : fewer(graph.nodes[i].with["count"])) {
      if (count >= 0) changed([&](RandomGraph& copy) { copy.nodes[i].with["count"] = count; });
    }
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const char* key : {"bad_every", "refuse_by", "fail_by"}) {
      changed([&](RandomGraph& copy) { copy.nodes[i].with.erase(key); });
    }
    changed([&](RandomGraph& copy) {
      if (copy.nodes[i].with.contains("does")) copy.nodes[i].with["does"] = "pass";
    });
    changed([&](RandomGraph& copy) { copy.nodes[i].parallelism = 1; });
    changed([&](RandomGraph& copy) { copy.nodes[i].on_error = "dead_letter"; });
    for (std::size_t input = 0;
         graph.nodes[i].from.size() > 1 && input < graph.nodes[i].from.size(); ++input) {
      RandomGraph copy = graph;
      auto& from = copy.nodes[i].from;
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(input));
      if (mend(copy) && copy.yaml() != graph.yaml()) steps.push_back(std::move(copy));
    }
  }
  changed([](RandomGraph& copy) { copy.window_bytes = 64u << 20; });
  changed([](RandomGraph& copy) { copy.children_records = 64; });
  changed([](RandomGraph& copy) { copy.children_bytes = 1u << 20; });
  changed([](RandomGraph& copy) { copy.drop_by = 0; });
  changed([](RandomGraph& copy) { copy.credits = 1; });
  changed([](RandomGraph& copy) { copy.order = "any"; });
  return steps;
}

// Whether to take `next` for `now`: smaller() also holds changes that only move inputs about.
std::size_t weight(const RandomGraph& graph) {
  std::size_t edges = 0;
  for (const GraphNode& node : graph.nodes) edges += node.from.size();
  return graph.yaml().size() + 1000 * (graph.nodes.size() + edges) + 10 * graph.records();
}

}  // namespace

RandomGraph shrunk(RandomGraph graph, const std::function<bool(const RandomGraph&)>& fails,
                   double seconds) {
  const auto begin = std::chrono::steady_clock::now();
  const auto over = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() >
           seconds;
  };
  for (bool found = true; found;) {
    found = false;
    for (RandomGraph& next : smaller(graph)) {
      if (over()) return graph;
      if (weight(next) >= weight(graph) || !fails(next)) continue;
      graph = std::move(next);
      found = true;
      break;
    }
  }
  return graph;
}

}  // namespace rare::engine::test
