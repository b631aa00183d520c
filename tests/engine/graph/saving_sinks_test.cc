// `save: FILE` on a node gives the plan a sink of its own.
#include "catch.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

std::string pipeline(const std::string& node) {
  return "nodes:\n"
         "  - { name: documents, use: files.read, with: { path: in.jsonl } }\n" +
         node + "  - { name: result, use: files.write, with: { path: out.jsonl } }\n";
}

}  // namespace

TEST_CASE("what a node gives out goes to a sink named after it, beside the nodes that read it",
          "[graph]") {
  PlanFixture fixture;
  const Plan plan =
      fixture.plan(pipeline("  - { name: note, use: text.note, save: notes.jsonl }\n"));
  CHECK(order_of(plan) == "documents note result note.save");
  const PlannedNode& sink = *plan.node("note.save");
  CHECK(sink.kind() == ComponentKind::sink);
  CHECK(sink.values.at("path") == "notes.jsonl");
  CHECK(input_names(plan, sink) == std::vector<std::string>{"note"});
  CHECK(plan.node("note")->successors[0].size() == 2);
  CHECK(fingerprint(plan).at("nodes.note.save.with.path") == "notes.jsonl");
}

TEST_CASE("a node that is only saved is not a node that nobody reads", "[graph]") {
  PlanFixture fixture;
  const Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: documents, use: files.read, save: all.jsonl, with: { path: in.jsonl } }\n");
  CHECK(order_of(plan) == "documents documents.save");
}

TEST_CASE("every port is saved", "[graph]") {
  PlanFixture fixture;
  const Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: documents, use: files.read, with: { path: in.jsonl } }\n"
      "  - { name: routed, use: text.route, save: all.jsonl }\n"
      "  - { name: result, use: files.write, from: [routed.even, routed.odd],"
      " with: { path: out.jsonl } }\n");
  CHECK(input_names(plan, *plan.node("routed.save")) ==
        std::vector<std::string>{"routed.even", "routed.odd"});
}

TEST_CASE("--set can say it, too", "[graph]") {
  PlanFixture fixture;
  const Plan plan = fixture.plan(pipeline("  - { name: note, use: text.note }\n"),
                                 {"nodes.note.save=notes.jsonl"});
  CHECK(plan.node("note.save") != nullptr);
}

}  // namespace rare::engine
