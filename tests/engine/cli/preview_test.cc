// `preview`: each record's way, and nothing left behind.
#include <filesystem>

#include "catch.h"
#include "engine_process.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

using test::contains;
using test::EngineProcess;
using test::Finished;
using test::fixture_folder;

constexpr const char* kNotesPipeline =
    "name: notes\n"
    "nodes:\n"
    "  - { name: notes, use: files.read, with: { path: in.jsonl } }\n"
    "  - { name: edit, use: preview.edit }\n"
    "  - { name: result, use: files.write, with: { path: out.jsonl } }\n";

struct Notes {
  explicit Notes(int count) {
    engine.write("a.yaml", kNotesPipeline);
    std::string lines;
    for (int i = 0; i < count; ++i)
      lines += "{\"text\": \"note\", \"n\": " + std::to_string(i) + "}\n";
    engine.write("in.jsonl", lines);
  }
  Finished run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--plugin-path", fixture_folder("preview")});
    return engine.run(words, {{"RARE_PLUGIN_PATH", RARE_TEST_INSTALLED_PLUGINS}});
  }
  EngineProcess engine;
};

TEST_CASE("preview shows what each node does to each record, and writes no output and no state") {
  const Notes notes(20);
  const Finished finished = notes.run({"preview", "a.yaml", "-n", "4", "--color", "never"});
  INFO(finished.err);
  // Record 1 is dead, which max_errors does not allow: as `run`.
  CHECK(finished.exit_code == 3);
  CHECK(contains(finished.out,
                 "record 0\n"
                 "  notes (files.read)\n"
                 "      + n: 0\n"
                 "      + text: \"note\"\n"
                 "  edit (preview.edit)\n"
                 "      + length: 4\n"
                 "      ~ text: \"NOTE\"\n"
                 "      - n\n"
                 "  result (files.write): would be written: length, text\n"
                 "record 1\n"));
  CHECK(contains(finished.out, "  edit (preview.edit): failed: one is not liked\n"));
  CHECK(contains(finished.out, "  edit (preview.edit): filtered: two is too many\n"));
  CHECK(contains(finished.out, "    0 to 'out':\n"));
  CHECK(contains(finished.out, "  result (files.write), record 3.1: would be written: n, text\n"));
  CHECK(contains(finished.out, "not said: it takes at least 10 records"));
  CHECK_FALSE(notes.engine.exists("out.jsonl"));
  CHECK_FALSE(notes.engine.exists(".rare/notes"));
  CHECK(notes.engine.exists(".rare/replies.db"));
  for (const auto& entry : std::filesystem::directory_iterator(notes.engine.path("."))) {
    CHECK_FALSE(contains(entry.path().filename().string(), "out.jsonl"));
  }
}

TEST_CASE("many records say what the whole input would take") {
  const Notes notes(1000);
  const Finished finished = notes.run({"preview", "a.yaml", "-n", "50", "--json", "--set",
                                       "max_errors=100%", "--set", "stop_after_errors=100%"});
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  const Json seen = Json::parse(finished.out);
  CHECK(seen["records"].size() == 50);
  CHECK(seen["records"][0]["steps"][1]["out"][0] ==
        Json::parse(R"({"port": "out", "added": {"length": 4}, "changed": {"text": "NOTE"},
                        "removed": ["n"]})"));
  CHECK(seen["records"][1]["steps"][1]["did"] == "failed");
  CHECK(seen["ledger"]["read"] == 50);
  const Json& records = seen["estimate"]["records"];
  CHECK(records[0] <= records[1]);
  CHECK(records[1] <= records[2]);
  // 1000 records, of which the first ten are a byte shorter.
  CHECK(records[1].get<double>() == Approx(1000).epsilon(0.06));
  CHECK(seen["estimate"]["prompt_tokens"][1] == 0.0);
  CHECK(seen["estimate"]["hours"].size() == 3);
  CHECK(seen["estimate"].contains("cost_left_out"));
}

TEST_CASE("an input that a preview holds as a whole is not extrapolated") {
  const Notes notes(12);
  const Finished finished =
      notes.run({"preview", "a.yaml", "-n", "12", "--json", "--set", "max_errors=100%"});
  CHECK(finished.exit_code == 0);
  CHECK(Json::parse(finished.out)["estimate"]["reason_against"] ==
        "the input has no more records than these");
}

TEST_CASE("a whole-set node works over the records of the preview") {
  const Notes notes(20);
  const Finished finished = notes.run(
      {"preview", "a.yaml", "-n", "3", "--json", "--set", "nodes.edit.use=preview.reverse"});
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  const Json seen = Json::parse(finished.out);
  REQUIRE(seen["records"].size() == 4);
  const Json& steps = seen["records"][2]["steps"];
  CHECK(steps[1]["did"] == "gathered");
  CHECK(steps[2]["out"][0]["added"] == Json{{"last", 3}});
  CHECK(steps[3]["did"] == "written");
  CHECK(seen["records"][3]["steps"][0]["out"][0]["added"] == Json{{"count", 3}});
  CHECK(seen["nodes"]["edit"]["in"] == 3);
  CHECK(seen["nodes"]["edit"]["out"] == 4);
  CHECK_FALSE(notes.engine.exists(".rare/notes"));
}

TEST_CASE("a preview of what cannot run ends as run would") {
  const Notes notes(3);
  const Finished finished =
      notes.run({"preview", "a.yaml", "--set", "nodes.notes.with.path=none.jsonl"});
  CHECK(finished.exit_code == 2);
  CHECK(contains(finished.err, "none.jsonl"));
  const Finished failing = notes.run({"preview", "a.yaml", "--set", "nodes.edit.on_error=fail"});
  CHECK(failing.exit_code == 1);
  CHECK(contains(failing.err, "one is not liked"));
}

}  // namespace
}  // namespace rare::engine
