#include "catch.h"
#include "engine_process.h"
#include "patched_plugin.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

using test::contains;
using test::EngineProcess;
using test::Finished;
using test::fixture_folder;
using test::kNumbersPipeline;

// A folder with the pipeline a.yaml, and the verbs over it with the plugin `good`.
class Pipeline {
 public:
  explicit Pipeline(const std::string& text = kNumbersPipeline) { engine.write("a.yaml", text); }
  Finished run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--plugin-path", fixture_folder("good")});
    return engine.run(words);
  }
  EngineProcess engine;
};

TEST_CASE("validate says OK, on standard output, and leaves nothing behind") {
  const Pipeline pipeline;
  const Finished finished = pipeline.run({"validate", "a.yaml"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out == "a.yaml: OK, 3 nodes and 0 services\n");
  CHECK(finished.err == "");
  CHECK_FALSE(pipeline.engine.exists(".rare"));
}

TEST_CASE("validate ends with 2 and places for each error") {
  const Pipeline pipeline(
      "name: numbers\n"
      "nodes:\n"
      "  - { name: numbers, use: good.numbers, with: { count: 5000 } }\n"
      "  - { name: upper, use: good.uper }\n"
      "  - { name: end, use: good.nowhere, from: [upper, upper.quiet] }\n");
  const Finished finished = pipeline.run({"validate", "a.yaml"});
  CHECK(finished.exit_code == 2);
  CHECK(finished.out == "");
  CHECK(contains(finished.err, "a.yaml:3:"));
  CHECK(contains(finished.err, "a.yaml:4:"));
  CHECK(contains(finished.err, "good.upper"));
}

TEST_CASE("a file that is not there is an error that names it") {
  const Finished finished = Pipeline().run({"validate", "none.yaml"});
  CHECK(finished.exit_code == 2);
  CHECK(contains(finished.err, "none.yaml"));
}

TEST_CASE("overlays and settings are repeatable, each taking one value") {
  const Pipeline pipeline;
  pipeline.engine.write("b.yaml", "nodes:\n  - { name: numbers, with: { count: 6 } }\n");
  pipeline.engine.write("c.yaml", "name: other\n");
  const Finished finished =
      pipeline.run({"plan", "-f", "b.yaml", "-f", "c.yaml", "--set", "nodes.upper.with.field=text",
                    "--set", "seed=3", "a.yaml", "--format", "json"});
  CHECK(finished.err == "");
  REQUIRE(finished.exit_code == 0);
  const Json plan = Json::parse(finished.out);
  CHECK(plan["name"] == "other");
  CHECK(plan["nodes"][0]["params"]["count"] == 6);
}

TEST_CASE("plan shows the nodes as text") {
  const Finished finished = Pipeline().run({"plan", "a.yaml"});
  CHECK(finished.exit_code == 0);
  for (const char* node : {"numbers", "upper", "end"}) CHECK(contains(finished.out, node));
}

TEST_CASE("errors are painted only where that is asked for") {
  const Pipeline pipeline("name: numbers\nnodes:\n  - { name: a, use: nothing.known }\n");
  CHECK(contains(pipeline.run({"validate", "a.yaml", "--color", "always"}).err,
                 "\x1b[1;31merror:\x1b[0m"));
  CHECK_FALSE(contains(pipeline.run({"validate", "a.yaml"}).err, "\x1b"));
}

TEST_CASE("an operator of a refused plugin: the plan's error stands beside the refusal") {
  const EngineProcess engine;
  engine.write("a.yaml", kNumbersPipeline);
  test::write_plugin_of_sdk_9_4(RARE_TEST_PLUGINS, engine.path("other.so"));
  const Finished finished = engine.run({"a.yaml", "--plugin-path", engine.path(".")});
  CHECK(finished.exit_code == 2);
  CHECK(contains(finished.err, "good.numbers"));
  CHECK(contains(finished.err, "warning: plugin " + engine.path("other.so") +
                                   " was refused: built with SDK 9.4, this engine with SDK 1.4: "
                                   "rebuild the plugin against SDK 1.4\n"));
}

TEST_CASE("a refused plugin that the pipeline does not need is a warning") {
  const Pipeline pipeline;
  const std::vector<std::string> words{"validate", "a.yaml", "--plugin-path",
                                       fixture_folder("not_elf")};
  const Finished finished = pipeline.run(words);
  CHECK(finished.exit_code == 0);
  CHECK(finished.err == "warning: plugin " + fixture_folder("not_elf") +
                            "/not_elf.so was refused: not a shared library: it does not begin as "
                            "an ELF file\n");
  std::vector<std::string> quiet = words;
  quiet.insert(quiet.end(), {"--log-level", "error"});
  CHECK(pipeline.run(quiet).err == "");
}

TEST_CASE(
    "two plugins with one component's name: no pipeline starts, because either could be meant") {
  const Pipeline pipeline;
  const Finished finished =
      pipeline.run({"run", "a.yaml", "--plugin-path", fixture_folder("same_name")});
  CHECK(finished.exit_code == 2);
  CHECK(contains(finished.err, "error: plugin "));
  CHECK(contains(finished.err, "component 'good.upper' comes from both "));
}

TEST_CASE(
    "a pipeline runs, with and without the verb, and the second time says that it is complete") {
  const Pipeline pipeline;
  const Finished first = pipeline.run({"a.yaml", "--progress", "none"});
  INFO(first.err);
  CHECK(first.exit_code == 0);
  CHECK(pipeline.engine.exists(".rare/numbers/manifest.json"));
  const Json manifest = Json::parse(pipeline.engine.read(".rare/numbers/manifest.json"));
  CHECK(manifest["records"]["read"] == 5);
  const Finished second = pipeline.run({"run", "a.yaml", "--progress", "none"});
  CHECK(second.exit_code == 0);
  CHECK(contains(second.out + second.err, "complete"));
}

TEST_CASE("--state-dir moves the run's files") {
  const Pipeline pipeline;
  const Finished finished = pipeline.run({"a.yaml", "--state-dir", "here", "--progress", "none"});
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(pipeline.engine.exists("here/manifest.json"));
  CHECK_FALSE(pipeline.engine.exists(".rare/numbers"));
}

}  // namespace
}  // namespace rare::engine
