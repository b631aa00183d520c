// The plan as users see it.
#include "engine/graph/plan_text.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "catch.h"
#include "engine/graph/field_flow.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

constexpr const char* kDemoPipeline =
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

std::string golden_file(const std::string& name) {
  const char* source = std::getenv("RARE_TEST_SOURCE");
  REQUIRE(source != nullptr);
  return std::string(source) + "/tests/engine/graph/golden/" + name;
}

std::map<std::string, std::string> all_formats(const Plan& plan) {
  return {{"plan.txt", plan_to_text(plan)},
          {"plan.json", plan_to_json(plan).dump(2) + "\n"},
          {"plan.dot", plan_to_dot(plan)},
          {"plan.mermaid", plan_to_mermaid(plan)}};
}

}  // namespace

TEST_CASE("the plan in every format says the same of fields, ports, credits and memory",
          "[graph]") {
  PlanFixture fixture;
  for (const auto& [name, text] : all_formats(fixture.plan(kDemoPipeline))) {
    INFO(name << ": after a change that is meant, look at what test_graph '[write-golden]' makes");
    std::ifstream stream(golden_file(name));
    CHECK(text == std::string(std::istreambuf_iterator<char>(stream), {}));
  }
}

TEST_CASE("writes the golden files anew", "[.][write-golden]") {
  PlanFixture fixture;
  for (const auto& [name, text] : all_formats(fixture.plan(kDemoPipeline))) {
    std::ofstream(golden_file(name)) << text;
  }
}

TEST_CASE("a pipeline that says how many records are in flight is estimated by that", "[graph]") {
  PlanFixture fixture;
  const std::string text =
      plan_to_text(fixture.plan(kDemoPipeline, {"order=any", "max_records_in_flight=8"}));
  CHECK(text.find("  order: any, records in flight: at most 8\n"
                  "  estimated memory: up to 8 MiB; what services hold comes on top\n") !=
        std::string::npos);
}

TEST_CASE("behind a fan-in are the fields that all ways have in common", "[graph]") {
  PlanFixture fixture;
  const Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: in, use: files.read, with: { path: a } }\n"
      "  - { name: both, use: text.note, with: { output_key: both } }\n"
      "  - { name: left, use: text.note, with: { output_key: left, input_key: needed } }\n"
      "  - { name: right, use: text.note, from: both, with: { output_key: right } }\n"
      "  - { name: out, use: files.write, from: [left, right], with: { path: b } }\n");
  const std::vector<std::set<std::string>> known = fields_known_after(plan);
  CHECK(known[plan.node("in")->index].empty());
  CHECK(known[plan.node("left")->index] == std::set<std::string>{"both", "left", "needed"});
  CHECK(known[plan.node("out")->index] == std::set<std::string>{"both"});
}

TEST_CASE("behind a node that reshapes records no field is known but what is written anew",
          "[graph]") {
  PlanFixture fixture;
  const Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: in, use: files.read, with: { path: a } }\n"
      "  - { name: first, use: text.note, with: { output_key: first, input_key: needed } }\n"
      "  - { name: reshape, use: text.reshape }\n"
      "  - { name: second, use: text.note, with: { output_key: second } }\n"
      "  - { name: out, use: files.write, with: { path: b } }\n");
  const std::vector<std::set<std::string>> known = fields_known_after(plan);
  CHECK(known[plan.node("first")->index] == std::set<std::string>{"first", "needed"});
  CHECK(known[plan.node("reshape")->index].empty());
  CHECK(known[plan.node("out")->index] == std::set<std::string>{"second"});
}

TEST_CASE("the plan as JSON masks secrets", "[graph]") {
  PlanFixture fixture;
  Json json = plan_to_json(fixture.plan(kDemoPipeline));
  CHECK(json["name"] == "demo");
  CHECK(json["order"] == "input");
  CHECK(json["credits"] == 0);
  CHECK(json["services"] == Json::parse(R"([{"name": "teacher", "use": "model.fake", "params":
      {"model": "m", "api_key": "***", "base_url": "http://localhost/", "max_in_flight": 64}}])"));
  CHECK(json["nodes"].size() == 7);
  CHECK(json["nodes"][0] == Json::parse(R"({"name": "documents", "use": "files.read", "from": [],
      "ports": ["out"], "parallelism": 1, "level": 0, "gather": false, "services": [], "reads": [], "writes": [],
      "fields_after": [], "source_fields_after": true,
      "params": {"path": ["/in.jsonl"], "format": "auto"}})"));
  CHECK(json["nodes"][1]["services"] == Json{"teacher"});
  CHECK(json["nodes"][1]["reads"] == Json{"text"});
  CHECK(json["nodes"][4]["ports"] == Json{"even", "odd"});
  CHECK(json["nodes"][6]["from"] == Json{"split.odd", "call"});
  CHECK(json.dump().find("sk-1") == std::string::npos);
}

TEST_CASE("the plan as JSON masks users and passwords in URLs", "[graph]") {
  PlanFixture fixture;
  const auto shown = [&](const std::string& url) {
    Json json =
        plan_to_json(fixture.plan(kDemoPipeline, {"services.teacher.with.base_url=" + url}));
    return json["services"][0]["params"]["base_url"].get<std::string>();
  };
  CHECK(shown("https://me:pass@word@host:1/v1?a=b") == "https://***@host:1/v1?a=b");
  CHECK(shown("https://token@host") == "https://***@host");
  CHECK(shown("https://host/v1?mail=a@b") == "https://host/v1?mail=a@b");
}

TEST_CASE("a secret that is empty is shown as empty", "[graph]") {
  PlanFixture fixture;
  Json json = plan_to_json(fixture.plan(kDemoPipeline, {"services.teacher.with.api_key=''"}));
  CHECK(json["services"][0]["params"]["api_key"] == "");
}

TEST_CASE("what would end a label in a drawing is escaped", "[graph]") {
  PlanFixture fixture;
  const Plan plan = fixture.plan(
      "nodes:\n"
      "  - { name: in, use: files.read, with: { path: a } }\n"
      "  - { name: n, use: text.note, with: { output_key: 'a\"b\\<' } }\n"
      "  - { name: out, use: files.write, with: { path: b } }\n");
  CHECK(plan_to_dot(plan).find("\\nwrites a\\\"b\\\\<\"];\n") != std::string::npos);
  CHECK(plan_to_mermaid(plan).find("<br/>writes a#quot;b\\#lt;\"]\n") != std::string::npos);
}

}  // namespace rare::engine
