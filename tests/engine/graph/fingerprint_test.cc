// What decides a run's results, and what does not.
#include "catch.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

constexpr const char* kAskPipeline =
    "services:\n"
    "  teacher:\n"
    "    use: model.fake\n"
    "    with: { model: m, api_key: sk-1, base_url: http://a/, max_in_flight: 8 }\n"
    "nodes:\n"
    "  - { name: documents, use: files.read, with: { path: data/in.jsonl } }\n"
    "  - { name: note, use: text.note }\n"
    "  - { name: ask, use: model.ask, with: { llm: teacher, prompt: ask.txt } }\n"
    "  - { name: result, use: files.write, with: { path: out.jsonl } }\n";

}  // namespace

TEST_CASE("the fingerprint holds what decides results, by path", "[graph]") {
  PlanFixture fixture;
  fixture.folder.write("ask.txt", "Ask.\n");
  CHECK(fingerprint(fixture.plan(kAskPipeline)) == Json::parse(R"({
    "order": "input",
    "seed": 0,
    "services.teacher.use": "model.fake",
    "services.teacher.version": 1,
    "services.teacher.with.model": "m",
    "nodes.documents.use": "files.read",
    "nodes.documents.version": 1,
    "nodes.documents.from": [],
    "nodes.documents.on_error": "dead_letter",
    "nodes.documents.with.path": ["data/in.jsonl"],
    "nodes.documents.with.format": "auto",
    "nodes.note.use": "text.note",
    "nodes.note.version": 3,
    "nodes.note.from": ["documents"],
    "nodes.note.on_error": "dead_letter",
    "nodes.note.with.input_key": "",
    "nodes.note.with.output_key": "note",
    "nodes.note.with.overwrite": false,
    "nodes.ask.use": "model.ask",
    "nodes.ask.version": 1,
    "nodes.ask.from": ["note"],
    "nodes.ask.on_error": "dead_letter",
    "nodes.ask.with.llm": "teacher",
    "nodes.ask.with.prompt": "Ask.\n",
    "nodes.ask.with.temperature": null,
    "nodes.ask.with.top_k": 0,
    "nodes.ask.with.penalty": 1.0,
    "nodes.ask.with.generation": {},
    "nodes.ask.with.stop": [],
    "nodes.result.use": "files.write",
    "nodes.result.version": 1,
    "nodes.result.from": ["ask"],
    "nodes.result.on_error": "dead_letter",
    "nodes.result.with.path": "out.jsonl",
    "nodes.result.with.fields": []
  })"));
}

TEST_CASE("parameters at their defaults are known, those that were set are not among them",
          "[graph]") {
  PlanFixture fixture;
  fixture.folder.write("ask.txt", "Ask.\n");
  const Json defaults =
      fingerprint_defaults(fixture.plan(kAskPipeline, {"nodes.ask.with.top_k=3"}));
  CHECK(defaults.at("nodes.ask.with.penalty") == 1.0);
  CHECK(defaults.at("nodes.note.with.output_key") == "note");
  CHECK_FALSE(defaults.contains("nodes.ask.with.top_k"));
  CHECK_FALSE(defaults.contains("nodes.ask.with.prompt"));
  CHECK_FALSE(defaults.contains("nodes.documents.with.path"));
}

TEST_CASE("limits, concurrency, URLs and secrets leave the fingerprint as it is", "[graph]") {
  PlanFixture fixture;
  fixture.folder.write("ask.txt", "Ask.\n");
  const Json before = fingerprint(fixture.plan(kAskPipeline));
  for (const char* setting :
       {"services.teacher.with.api_key=sk-2", "services.teacher.with.base_url=http://b/",
        "services.teacher.with.max_in_flight=64", "nodes.ask.parallelism=7", "max_errors=3",
        "max_records_in_flight=9", "nodes.ask.with.max_attempts=9", "nodes.result.with.sync_s=5",
        "name=other", "stop_after_errors=1"}) {
    INFO(setting);
    CHECK(fingerprint(fixture.plan(kAskPipeline, {setting})) == before);
  }
}

TEST_CASE("whatever changes results changes the fingerprint, under its own path", "[graph]") {
  PlanFixture fixture;
  fixture.folder.write("ask.txt", "Ask.\n");
  const Json before = fingerprint(fixture.plan(kAskPipeline));
  const std::vector<std::pair<std::string, std::string>> changes{
      {"seed=1", "seed"},
      {"order=any", "order"},
      {"services.teacher.with.model=n", "services.teacher.with.model"},
      {"nodes.ask.on_error=drop", "nodes.ask.on_error"},
      {"nodes.ask.with.prompt=Else", "nodes.ask.with.prompt"},
      {"nodes.result.with.path=b.jsonl", "nodes.result.with.path"},
      {"nodes.documents.with.path=c.jsonl", "nodes.documents.with.path"}};
  for (const auto& [setting, path] : changes) {
    INFO(setting);
    Json after = fingerprint(fixture.plan(kAskPipeline, {setting}));
    CHECK(after[path] != before[path]);
    after[path] = before[path];
    CHECK(after == before);
  }
  fixture.folder.write("ask.txt", "Ask better.\n");
  CHECK(fingerprint(fixture.plan(kAskPipeline))["nodes.ask.with.prompt"] == "Ask better.\n");
}

TEST_CASE("what stands in a program's files is part of the fingerprint", "[graph]") {
  const std::string pipeline =
      "nodes:\n"
      "  - { name: documents, use: files.read, with: { path: in.jsonl } }\n"
      "  - { name: run, use: text.program, with: { command: [python3, run.py, other.py] } }\n"
      "  - { name: result, use: files.write, with: { path: out.jsonl } }\n";
  const std::string key = "nodes.run.with.command, contents of run.py";
  PlanFixture fixture;
  fixture.folder.write("run.py", "one");
  const Json before = fingerprint(fixture.plan(pipeline));
  CHECK(before["nodes.run.with.command"] == Json{"python3", "run.py", "other.py"});
  REQUIRE(before.contains(key));
  CHECK_FALSE(before.contains("nodes.run.with.command, contents of other.py"));
  CHECK(fingerprint(fixture.plan(pipeline)) == before);
  fixture.folder.write("run.py", "two");
  Json after = fingerprint(fixture.plan(pipeline));
  CHECK(after[key] != before[key]);
  after[key] = before[key];
  CHECK(after == before);
}

}  // namespace rare::engine
