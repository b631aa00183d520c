// Parameters that are right: their values, defaults, paths and files.
#include "catch.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

// A pipeline around one model.ask node with these parameters.
std::string asking(const std::string& parameters) {
  return "services:\n  teacher: { use: model.fake, with: { model: 7 } }\nnodes:\n"
         "  - { name: documents, use: files.read, with: { path: in.jsonl } }\n"
         "  - name: ask\n    use: model.ask\n    with:\n      llm: teacher\n" +
         parameters + "  - { name: result, use: files.write, with: { path: out.jsonl } }\n";
}

}  // namespace

TEST_CASE("parameters left out or set to nothing have their defaults", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(asking("      temperature: null\n"));
  CHECK(plan.node("ask")->values == Json{{"llm", "teacher"},
                                         {"prompt", "Ask something."},
                                         {"max_attempts", 3},
                                         {"temperature", nullptr},
                                         {"top_k", 0},
                                         {"penalty", 1.0},
                                         {"stream", false},
                                         {"generation", Json::object()},
                                         {"stop", Json::array()}});
}

TEST_CASE("parameters are typed by the spec, texts taken as written", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(
      asking("      prompt: 007\n      max_attempts: 10\n      temperature: 0\n      top_k: -100\n"
             "      penalty: 1e3\n      stream: true\n      stop: [1.50, \"x\"]\n"
             "      generation: { seed: 3, extra_body: { a: [1.5, null] } }\n"));
  const Json& values = plan.node("ask")->values;
  CHECK(values["prompt"] == "007");
  CHECK(values["max_attempts"] == 10);
  CHECK(values["temperature"] == 0);
  CHECK(values["top_k"] == -100);
  CHECK(values["penalty"] == 1000.0);
  CHECK(values["stream"] == true);
  CHECK(values["stop"] == Json{"1.50", "x"});
  CHECK(values["generation"] == Json::parse(R"({"seed": 3, "extra_body": {"a": [1.5, null]}})"));
  CHECK(plan.services[0].values["model"] == "7");
}

TEST_CASE("input paths are absolute, from the folder of the file that names them", "[graph]") {
  PlanFixture fixture;
  fixture.folder.write(
      "sub/p.yaml",
      "nodes:\n"
      "  - { name: a, use: files.read, with: { path: [../x.jsonl, '*.json', /y] } }\n"
      "  - { name: b, use: files.write, with: { path: out/b.jsonl } }\n");
  Diagnostics diagnostics;
  LoadOptions options{"sub/p.yaml", {}, {}};
  Plan plan = make_plan(load_pipeline(options, diagnostics), fixture.registry, diagnostics);
  REQUIRE(diagnostics.ok());
  const std::string here = fixture.folder.path();
  CHECK(plan.node("a")->values["path"] == Json{here + "/x.jsonl", here + "/sub/*.json", "/y"});
  CHECK(plan.node("b")->values["path"] == "out/b.jsonl");

  options.settings = {"nodes.a.with.path=z.jsonl"};
  plan = make_plan(load_pipeline(options, diagnostics), fixture.registry, diagnostics);
  REQUIRE(diagnostics.ok());
  CHECK(plan.node("a")->values["path"] == Json{here + "/z.jsonl"});
}

TEST_CASE("a text that names a file is the file's contents, any other text is itself", "[graph]") {
  PlanFixture fixture;
  fixture.folder.write("prompts/ask.txt", "Ask well.\nAnd {{text}}.\n");
  auto prompt = [&](const std::string& written) {
    return fixture.plan(asking("      prompt: " + written + "\n")).node("ask")->values["prompt"];
  };
  CHECK(prompt("prompts/ask.txt") == "Ask well.\nAnd {{text}}.\n");
  CHECK(prompt("./prompts/ask.txt") == "Ask well.\nAnd {{text}}.\n");
  CHECK(prompt("Answer yes/no only") == "Answer yes/no only");
  CHECK(prompt("prompts") == "prompts");
  CHECK(prompt("|\n        see none/such.txt") == "see none/such.txt\n");
  CHECK(prompt("''") == "");
}

TEST_CASE("a text that names a file is its absolute path, a name stays what it is", "[graph]") {
  PlanFixture fixture;
  fixture.folder.write("models/small.bin", "weights");
  auto model = [&](const std::string& written) {
    const Plan plan = fixture.plan(
        "nodes:\n"
        "  - { name: in, use: files.read, with: { path: in.jsonl } }\n"
        "  - { name: weigh, use: model.weigh, with: { model: " +
        written +
        " } }\n"
        "  - { name: out, use: files.write, with: { path: out.jsonl } }\n");
    return plan.node("weigh")->values["model"];
  };
  const std::string file = std::string(fixture.folder.path()) + "/models/small.bin";
  CHECK(model("models/small.bin") == file);
  CHECK(model(file) == file);
  CHECK(model("models") == "models");
  CHECK(model("models/large.bin") == "models/large.bin");
  CHECK(model("organisation/model-8b") == "organisation/model-8b");
  CHECK(model("''") == "");
}

TEST_CASE("services that a node uses are found by their parameter", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(asking(""));
  REQUIRE(plan.node("ask")->services.size() == 1);
  CHECK(plan.node("ask")->services[0].param == "llm");
  CHECK(plan.services[plan.node("ask")->services[0].service].name == "teacher");
  CHECK(plan.node("documents")->services.empty());
}

}  // namespace rare::engine
