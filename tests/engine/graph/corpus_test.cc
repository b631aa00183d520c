// Which nodes a service reads in a pass of its own.
#include "catch.h"
#include "plan_fixture.h"

namespace rare::engine {

TEST_CASE("a corpus is a node and all above it, in order", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(
      "services:\n  teacher: { use: model.fake, with: { model: m } }\n"
      "  corpus: { use: index.fake, with: { from: clean } }\n"
      "nodes:\n"
      "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
      "  - { name: b, use: files.read, with: { path: in2.jsonl } }\n"
      "  - { name: clean, use: text.upper, from: [b, a] }\n"
      "  - { name: ask, use: model.ask, with: { llm: teacher } }\n"
      "  - { name: result, use: files.write, with: { path: out.jsonl } }\n");
  Result<std::vector<std::uint32_t>> nodes = corpus_nodes(plan, "clean");
  REQUIRE(nodes.ok());
  CHECK(*nodes == std::vector<std::uint32_t>{0, 1, 2});
  CHECK(corpus_nodes(plan, "a").ok());

  CHECK(corpus_nodes(plan, "ask").status().message() ==
        "node 'ask' cannot be read in a pass of its own: node 'ask' (model.ask) awaits services, "
        "and would be paid for twice");
  CHECK(corpus_nodes(plan, "nobody").status().message() == "unknown node 'nobody'");
}

TEST_CASE("a corpus may stand behind whole-set nodes, but not behind paid ones above them",
          "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(
      "services:\n  teacher: { use: model.fake, with: { model: m } }\n"
      "  corpus: { use: index.fake, with: { from: sorted } }\n"
      "nodes:\n"
      "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
      "  - { name: sorted, use: set.sort }\n"
      "  - { name: ask, use: model.ask, with: { llm: teacher } }\n"
      "  - { name: again, use: set.sort }\n"
      "  - { name: result, use: files.write, with: { path: out.jsonl } }\n");
  Result<std::vector<std::uint32_t>> nodes = corpus_nodes(plan, "sorted");
  REQUIRE(nodes.ok());
  CHECK(*nodes == std::vector<std::uint32_t>{0, 1});

  CHECK(corpus_nodes(plan, "again").status().message() ==
        "node 'again' cannot be read in a pass of its own: node 'ask' (model.ask) awaits services, "
        "and would be paid for twice");
}

}  // namespace rare::engine
