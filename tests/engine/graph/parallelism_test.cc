// How many records a node works on at once, and how many there are in all.
#include <thread>

#include "catch.h"
#include "engine/graph/plan_text.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

// The parallelism of a node `use` with this `parallelism:` ("" for none).
int parallelism(const std::string& use, const std::string& with, const std::string& written) {
  PlanFixture fixture;
  std::string key = written.empty() ? "" : ", parallelism: " + written;
  return fixture
      .plan(
          "services:\n  s: { use: model.fake, with: { model: m } }\nnodes:\n"
          "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
          "  - { name: b, use: " +
          use + key + ", with: " + with +
          " }\n"
          "  - { name: c, use: files.write, with: { path: out.jsonl } }\n")
      .node("b")
      ->parallelism;
}

}  // namespace

TEST_CASE("parallelism is what is written, else 1, or is sized by the services", "[graph]") {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  CHECK(parallelism("text.note", "{}", "") == 1);
  CHECK(parallelism("text.note", "{}", "8") == 8);
  CHECK(parallelism("text.note", "{}", "auto") == cores);
  CHECK(parallelism("model.ask", "{ llm: s }", "") == 0);
  CHECK(parallelism("model.ask", "{ llm: s }", "auto") == 0);
  CHECK(parallelism("model.ask", "{ llm: s }", "500") == 500);
  CHECK(parallelism("text.search", "{ index: s }", "") == 0);
  CHECK(parallelism("text.search", "{ index: s }", "auto") == cores);
}

TEST_CASE("credits are max_records_in_flight, or left to the runtime", "[graph]") {
  PlanFixture fixture;
  const std::string nodes =
      "nodes:\n"
      "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
      "  - { name: c, use: files.write, with: { path: out.jsonl }, on_error: fail }\n";
  CHECK(fixture.plan(nodes).credits == 0);
  Plan plan = fixture.plan(nodes, {"max_records_in_flight=12"});
  CHECK(plan.credits == 12);
  CHECK(plan.node("c")->on_error == OnError::fail);
  CHECK(plan.node("a")->on_error == OnError::dead_letter);
}

TEST_CASE("a time limit is the node's, and in the plan only where there is one", "[graph]") {
  PlanFixture fixture;
  const Plan plan = fixture.plan(
      "services:\n  s: { use: model.fake, with: { model: m } }\nnodes:\n"
      "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
      "  - { name: b, use: model.ask, timeout_s: 0.5, with: { llm: s } }\n"
      "  - { name: c, use: files.write, with: { path: out.jsonl } }\n");
  CHECK(plan.node("b")->timeout_s == 0.5);
  CHECK_FALSE(plan.node("a")->timeout_s.has_value());
  const Json json = plan_to_json(plan);
  CHECK(json["nodes"][1]["timeout_s"] == 0.5);
  CHECK_FALSE(json["nodes"][0].contains("timeout_s"));
}

}  // namespace rare::engine
