// A service's own pass over what a node gives out.
#include "engine/runtime/corpus_pass.h"
#include "catch.h"
#include "engine/graph/plan.h"
#include "engine/runtime/resume_threads.h"
#include "runtime_fixture.h"
#include "test_components.h"

using namespace rare::engine;
using namespace rare::engine::test;

namespace {

struct Passing {
  Passing() { add_test_components(registry); }
  Registry registry;
  RunControl control;
  Observed observed;
  Environment environment;
};

// A plan made by hand: numbers -> filtered -> split -> result.
Plan plan_of(const Registry& registry,
             const std::vector<std::pair<std::string, rare::Json>>& chain) {
  Plan plan;
  for (std::uint32_t i = 0; i < chain.size(); ++i) {
    PlannedNode node;
    node.index = i;
    node.name = "node" + std::to_string(i);
    node.use = registry.find(chain[i].first);
    for (const rare::ParamSpec& param : node.spec().params()) {
      node.values[param.name] = chain[i].second.value(param.name, param.default_value);
    }
    if (i > 0) node.predecessors = {i - 1};
    if (i + 1 < chain.size()) node.successors = {{i + 1}};
    plan.nodes.push_back(std::move(node));
  }
  return plan;
}

std::vector<std::string> read_all(rare::RecordStream& stream) {
  std::vector<std::string> ids;
  for (;;) {
    auto next = stream.next();
    REQUIRE(next.ok());
    if (!next->has_value()) return ids;
    ids.push_back((*next)->id().to_string());
  }
}

}  // namespace

TEST_CASE("the pass gives what the node gives, with the ids of the run") {
  Passing test;
  observe_with(&test.observed);
  test.environment.control = &test.control;
  const Plan plan = plan_of(test.registry, {{"test.numbers", {{"count", 6}, {"bad_every", 4}}},
                                            {"test.modulo", {{"by", 2}, {"fail_by", 5}}},
                                            {"test.split", {{"into", 2}}},
                                            {"test.collect", rare::Json::object()}});
  auto stream = open_corpus_pass(plan, "node1", test.environment);
  REQUIRE(stream.ok());
  // 0, 2, 4 are filtered, 3 cannot be read, 1 fails: 5 is left.
  CHECK(read_all(**stream) == std::vector<std::string>{"5"});

  auto source_only = open_corpus_pass(plan, "node0", test.environment);
  REQUIRE(source_only.ok());
  CHECK(read_all(**source_only) == std::vector<std::string>{"0", "1", "2", "4", "5"});
}
