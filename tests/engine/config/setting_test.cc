// --set path=value.
#include "catch.h"
#include "temporary_folder.h"

namespace rare::engine {
namespace {

PipelineConfig load_set(const std::vector<std::string>& settings) {
  TemporaryFolder folder;
  folder.write("sub/p.yaml",
               "services:\n"
               "  teacher: { use: llm.local, with: { model: small } }\n"
               "nodes:\n"
               "  - { name: a, use: files.read, with: { path: in.jsonl } }\n"
               "  - { name: b, use: files.write }\n");
  return load_ok("sub/p.yaml", {}, settings);
}

}  // namespace

TEST_CASE("--set changes keys of the top, of nodes and of services", "[config]") {
  PipelineConfig pipeline =
      load_set({"seed=7", "nodes.b.parallelism=8", "services.teacher.with.model=big",
                "nodes.b.with.generation.top_p=0.5", "name=other"});
  CHECK(pipeline.seed == 7);
  CHECK(pipeline.name == "other");
  CHECK(pipeline.nodes[1].parallelism == 8);
  CHECK(pipeline.services[0].with.to_json() == Json{{"model", "big"}});
  CHECK(pipeline.nodes[1].with.to_json() == Json{{"generation", {{"top_p", 0.5}}}});
}

TEST_CASE("--set applies in the order given and follows the rules of overlays", "[config]") {
  PipelineConfig pipeline = load_set(
      {"services.teacher.use=llm.openai", "services.teacher.with.base_url=u", "seed=1", "seed=2"});
  CHECK(pipeline.services[0].use == "llm.openai");
  CHECK(pipeline.services[0].with.to_json() == Json{{"base_url", "u"}});
  CHECK(pipeline.seed == 2);
}

TEST_CASE("the value of --set is YAML, or the text itself where it is none", "[config]") {
  PipelineConfig pipeline = load_set({"nodes.a.with.path=[x, 'y z']", "nodes.a.with.text=*.jsonl",
                                      "nodes.a.with.quoted=\"8\"", "nodes.a.with.map={k: 1}",
                                      "nodes.a.with.equals=a=b", "nodes.a.with.colon=a: b: c"});
  CHECK(pipeline.nodes[0].with.to_json() == Json{{"path", {"x", "y z"}},
                                                 {"text", "*.jsonl"},
                                                 {"quoted", "8"},
                                                 {"map", {{"k", 1}}},
                                                 {"equals", "a=b"},
                                                 {"colon", "a: b: c"}});
}

TEST_CASE("--set with nothing or null removes", "[config]") {
  PipelineConfig pipeline = load_set({"services.teacher.with.model=", "nodes.a.with.path=null"});
  CHECK(pipeline.services[0].with.to_json() == Json::object());
  CHECK(pipeline.nodes[0].with.to_json() == Json::object());
  CHECK(load_set({"nodes.a=null"}).nodes.size() == 1);
}

TEST_CASE("paths given by --set are relative to the working directory", "[config]") {
  PipelineConfig pipeline = load_set({"nodes.a.with.path=x.jsonl"});
  CHECK(pipeline.nodes[0].with.find("path")->folder.empty());
  CHECK(load_set({}).nodes[0].with.find("path")->folder == "sub");
}

TEST_CASE("--set brings values for variables, too", "[config]") {
  setenv("RARE_TEST_WORD", "seven", 1);
  PipelineConfig pipeline = load_set({"nodes.a.with.path=data/${RARE_TEST_WORD}.jsonl"});
  CHECK(pipeline.nodes[0].with.to_json() == Json{{"path", "data/seven.jsonl"}});
}

}  // namespace rare::engine
