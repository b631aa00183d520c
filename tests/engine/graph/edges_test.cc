// Graphs that hold together: order, depth, ports, fan-out and fan-in.
#include "catch.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

using Indices = std::vector<std::uint32_t>;

constexpr const char* kDiamond =
    "nodes:\n"
    "  - { name: documents, use: files.read, with: { path: in.jsonl } }\n"
    "  - { name: split, use: text.route }\n"
    "  - { name: left, use: text.note, from: split.odd }\n"
    "  - { name: right, use: text.upper, from: split.even }\n"
    "  - { name: longer, use: text.upper }\n"
    "  - { name: result, use: files.write, from: [longer, left], with: { path: a } }\n"
    "  - { name: copy, use: files.write, from: [left], with: { path: b } }\n";

}  // namespace

TEST_CASE("a list is a chain", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
      "  - { name: b, use: text.note }\n"
      "  - { name: c, use: files.write, with: { path: out.jsonl } }\n");
  CHECK(order_of(plan) == "a b c");
  CHECK(plan.nodes[0].depth == 0);
  CHECK(plan.nodes[2].depth == 2);
  CHECK(plan.nodes[0].successors == std::vector<Indices>{{1}});
  CHECK(plan.nodes[2].predecessors == Indices{1});
  CHECK(plan.nodes[0].ports() == std::vector<std::string>{"out"});
  CHECK(plan.nodes[2].ports().empty());
  CHECK(plan.nodes[2].successors.empty());
  CHECK(plan.nodes[0].kind() == ComponentKind::source);
}

TEST_CASE("ports, fan-out and fan-in keep the file's order; depth is the longest way", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(kDiamond);
  CHECK(order_of(plan) == "documents split left right longer result copy");
  CHECK(plan.node("split")->ports() == std::vector<std::string>{"even", "odd"});
  CHECK(plan.node("split")->successors == std::vector<Indices>{{3}, {2}});
  CHECK(plan.node("left")->successors == std::vector<Indices>{{5, 6}});
  CHECK(plan.node("result")->predecessors == Indices{4, 2});
  CHECK(plan.node("result")->depth == 4);
  CHECK(plan.node("copy")->depth == 3);
  CHECK(input_names(plan, *plan.node("left")) == std::vector<std::string>{"split.odd"});
  CHECK(input_names(plan, *plan.node("result")) == std::vector<std::string>{"longer", "left"});
}

TEST_CASE("nodes may be written in any order; the plan puts what is read first", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: c, use: files.write, from: b, with: { path: out.jsonl } }\n"
      "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
      "  - { name: b, use: text.note, from: a }\n");
  CHECK(order_of(plan) == "a b c");
  for (const PlannedNode& node : plan.nodes) CHECK(&plan.nodes[node.index] == &node);
}

TEST_CASE("a second source further down needs no word that it has no input", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: a, use: files.read, with: { path: one.jsonl } }\n"
      "  - { name: b, use: files.read, with: { path: two.jsonl } }\n"
      "  - { name: c, use: files.write, from: [a, b], with: { path: out.jsonl } }\n");
  CHECK(plan.node("b")->predecessors.empty());
  CHECK(plan.node("c")->predecessors == Indices{0, 1});
}

TEST_CASE("two ports of one node may lead into one node", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: a, use: files.read, with: { path: one.jsonl } }\n"
      "  - { name: b, use: text.route }\n"
      "  - { name: c, use: files.write, from: [b.even, b.odd], with: { path: out.jsonl } }\n");
  CHECK(plan.node("b")->successors == std::vector<Indices>{{2}, {2}});
  CHECK(plan.node("c")->predecessors == Indices{1, 1});
  CHECK(input_names(plan, *plan.node("c")) == std::vector<std::string>{"b.even", "b.odd"});
}

TEST_CASE("nothing is found under a name that is not there", "[graph]") {
  PlanFixture fixture;
  CHECK(fixture.plan(kDiamond).node("nobody") == nullptr);
}

TEST_CASE("a parameter names ports: by name from a map, in order from a list, then the spec's own",
          "[graph]") {
  PlanFixture fixture;
  const auto planned = [&](const std::string& routes) {
    return fixture.plan(
        "nodes:\n"
        "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
        "  - { name: b, use: text.classify, with: { routes: " +
        routes +
        " } }\n"
        "  - { name: c, use: files.write, from: [b.short, b.long], with: { path: c.jsonl } }\n"
        "  - { name: d, use: files.write, from: b.otherwise, with: { path: d.jsonl } }\n");
  };
  const Plan map = planned("{ short: x, long: y }");
  CHECK(map.node("b")->ports() == std::vector<std::string>{"long", "short", "otherwise"});
  CHECK(map.node("b")->successors == std::vector<Indices>{{2}, {2}, {3}});
  const Plan list = planned("[{ short: x }, { long: y }]");
  CHECK(list.node("b")->ports() == std::vector<std::string>{"short", "long", "otherwise"});
  CHECK(input_names(list, *list.node("d")) == std::vector<std::string>{"b.otherwise"});
}

}  // namespace rare::engine
