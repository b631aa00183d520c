// A service's own pass over any node of a random pipeline gives what a plain walk over its plan
// says.
#include <algorithm>

#include "catch.h"
#include "engine/runtime/corpus_pass.h"
#include "random_graph.h"
#include "random_graph_interpreter.h"
#include "runtime_fixture.h"
#include "sanitized.h"

using namespace rare::engine;
using namespace rare::engine::test;

namespace {

constexpr std::uint64_t kGraphs = rare::testing::kSanitized ? 25 : 300;
constexpr int kMostRecords = 40;

// Nodes that compute where others wait, and behind each node with one output a sink that is named
// after it and takes everything.
RandomGraph probed(std::uint64_t seed) {
  RandomGraph graph = random_graph(seed, kMostRecords);
  graph.order = "input";
  std::vector<GraphNode> probes;
  for (GraphNode& node : graph.nodes) {
    if (node.use == "graph.wait") {
      node.use = "graph.act";
      for (const char* name : {"echo", "asks", "early"}) node.with.erase(name);
    }
    if (node.ports.size() != 1) continue;
    GraphNode probe;
    probe.name = "probe-" + node.name;
    probe.use = "test.collect";
    probe.with["name"] = probe.name;
    probe.from = node.ports;
    probes.push_back(std::move(probe));
  }
  graph.nodes.insert(graph.nodes.end(), probes.begin(), probes.end());
  return graph;
}

std::vector<rare::Json> expected_of(const Walked& walked, const std::string& node) {
  std::vector<rare::Json> rows;
  for (const auto& [family, its] : walked.rows.at("probe-" + node)) {
    rows.insert(rows.end(), its.begin(), its.end());
  }
  return rows;
}

std::vector<rare::Json> passed(const Plan& plan, const std::string& node,
                               const Environment& environment) {
  auto stream = open_corpus_pass(plan, node, environment);
  REQUIRE(stream.ok());
  std::vector<rare::Json> rows;
  for (;;) {
    auto next = (*stream)->next();
    INFO(next.status().message());
    REQUIRE(next.ok());
    if (!next->has_value()) return rows;
    rows.push_back({{"id", (*next)->id().to_string()}, {"fields", (*next)->fields()}});
  }
}

}  // namespace

TEST_CASE("a pass over any node of a random graph gives what a plain walk over its plan says") {
  Observed observed;
  observe_with(&observed);
  RunControl control;
  Environment environment;
  environment.control = &control;
  for (std::uint64_t seed = 1; seed <= kGraphs; ++seed) {
    const RandomGraph graph = probed(seed);
    INFO(graph.yaml());
    const TestPlan planned(graph.yaml());
    const Walked walked = walk(planned.plan());
    for (const GraphNode& node : graph.nodes) {
      if (node.ports.size() != 1) continue;
      CAPTURE(node.name);
      const std::vector<rare::Json> expected = expected_of(walked, node.name);
      const std::vector<rare::Json> rows = passed(planned.plan(), node.name, environment);
      const auto [want, have] =
          std::mismatch(expected.begin(), expected.end(), rows.begin(), rows.end());
      if (want == expected.end() && have == rows.end()) continue;
      FAIL("row " << want - expected.begin() << ": expected "
                  << (want == expected.end() ? "none" : want->dump()) << ", got "
                  << (have == rows.end() ? "none" : have->dump()));
    }
  }
}
