// The plan as users see it.
#include "engine/graph/plan_text.h"

#include "catch.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

constexpr const char* kPipeline =
    "name: demo\n"
    "services:\n"
    "  teacher: { use: model.fake, with: { model: m, api_key: sk-1 } }\n"
    "nodes:\n"
    "  - { name: documents, use: files.read, with: { path: /in.jsonl } }\n"
    "  - { name: ask, use: model.ask, with: { llm: teacher } }\n"
    "  - { name: note, use: text.note, with: { input_key: questions }, parallelism: 2 }\n"
    "  - { name: call, use: text.call }\n"
    "  - { name: split, use: text.route }\n"
    "  - { name: größe, use: files.write, from: split.even, with: { path: a } }\n"
    "  - { name: rest, use: files.write, from: [split.odd, call], with: { path: b } }\n";

}  // namespace

TEST_CASE("the plan's text is a table with notes below", "[graph]") {
  PlanFixture fixture;
  CHECK(plan_to_text(fixture.plan(kPipeline)) ==
        "pipeline demo\n"
        "  order: input, records in flight: chosen at start\n"
        "\n"
        "  SERVICE  USE\n"
        "  teacher  model.fake\n"
        "\n"
        "  NODE       USE          FROM             PARALLELISM    SERVICES  READS      WRITES\n"
        "  documents  files.read   -                1              -         -          -\n"
        "  ask        model.ask    documents        from services  teacher   text       question\n"
        "  note       text.note    ask              2              -         questions  note\n"
        "  call       text.call *  note             1              -         -          -\n"
        "  split      text.route   call             1              -         -          -\n"
        "  größe      files.write  split.even       1              -         -          -\n"
        "  rest       files.write  split.odd, call  1              -         -          -\n"
        "\n"
        "* gives other results each time: its output is not a function of the record\n"
        "\n"
        "note: node 'note' reads field 'questions', which only the source can bring; a node above "
        "writes 'question'\n");
  CHECK(plan_to_text(fixture.plan(kPipeline, {"order=any", "max_records_in_flight=8"}))
            .find("  order: any, records in flight: at most 8\n") != std::string::npos);
}

TEST_CASE("the plan as JSON masks secrets", "[graph]") {
  PlanFixture fixture;
  Json json = plan_to_json(fixture.plan(kPipeline));
  CHECK(json["name"] == "demo");
  CHECK(json["order"] == "input");
  CHECK(json["credits"] == 0);
  CHECK(json["services"] == Json::parse(R"([{"name": "teacher", "use": "model.fake", "params":
      {"model": "m", "api_key": "***", "base_url": "http://localhost/", "max_in_flight": 64}}])"));
  CHECK(json["nodes"].size() == 7);
  CHECK(json["nodes"][0] == Json::parse(R"({"name": "documents", "use": "files.read", "from": [],
      "ports": ["out"], "parallelism": 1, "services": [], "reads": [], "writes": [],
      "params": {"path": ["/in.jsonl"], "format": "auto"}})"));
  CHECK(json["nodes"][1]["services"] == Json{"teacher"});
  CHECK(json["nodes"][1]["reads"] == Json{"text"});
  CHECK(json["nodes"][4]["ports"] == Json{"even", "odd"});
  CHECK(json["nodes"][6]["from"] == Json{"split.odd", "call"});
  CHECK(json.dump().find("sk-1") == std::string::npos);
}

TEST_CASE("a secret that is empty is shown as empty", "[graph]") {
  PlanFixture fixture;
  Json json = plan_to_json(fixture.plan(kPipeline, {"services.teacher.with.api_key=''"}));
  CHECK(json["services"][0]["params"]["api_key"] == "");
}

TEST_CASE("drawings have every node, and ports on the edges", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(kPipeline, {"nodes.rest.from=split.odd"});
  CHECK(plan_to_mermaid(plan) ==
        "flowchart LR\n"
        "  n0[\"documents (files.read)\"]\n"
        "  n1[\"ask (model.ask)\"]\n"
        "  n2[\"note (text.note)\"]\n"
        "  n3[\"call (text.call)\"]\n"
        "  n4[\"split (text.route)\"]\n"
        "  n5[\"größe (files.write)\"]\n"
        "  n6[\"rest (files.write)\"]\n"
        "  n0 --> n1\n"
        "  n1 --> n2\n"
        "  n2 --> n3\n"
        "  n3 --> n4\n"
        "  n4 -->|even| n5\n"
        "  n4 -->|odd| n6\n");
  const std::string dot = plan_to_dot(plan);
  CHECK(
      dot.starts_with("digraph pipeline {\n  rankdir=LR;\n  node [shape=box];\n"
                      "  n0 [label=\"documents (files.read)\"];\n"));
  CHECK(
      dot.ends_with("  n3 -> n4;\n  n4 -> n5 [label=\"even\"];\n  n4 -> n6 [label=\"odd\"];\n}\n"));
}

}  // namespace rare::engine
