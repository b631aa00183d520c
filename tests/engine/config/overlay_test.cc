// `extends` and -f: what changes, what stays, and against which folder paths are resolved.
#include "catch.h"
#include "temporary_folder.h"

namespace rare::engine {
namespace {

constexpr const char* kBase =
    "name: base\n"
    "seed: 3\n"
    "services:\n"
    "  teacher: { use: llm.local, with: { model: small, generation: { top_p: 0.9, seed: 1 } } }\n"
    "  spare: { use: llm.local }\n"
    "nodes:\n"
    "  - { name: a, use: files.read, with: { path: in.jsonl, format: jsonl } }\n"
    "  - { name: b, use: Doc2Query, parallelism: 4, with: { llm: teacher } }\n"
    "  - { name: c, use: files.write, with: { path: out.jsonl } }\n";

PipelineConfig over_base(const std::string& overlay) {
  TemporaryFolder folder;
  folder.write("p.yaml", kBase);
  folder.write("o.yaml", overlay);
  return load_ok("p.yaml", {"o.yaml"});
}

std::vector<std::string> node_names(const PipelineConfig& pipeline) {
  std::vector<std::string> names;
  for (const NodeConfig& node : pipeline.nodes) names.push_back(node.name);
  return names;
}

}  // namespace

TEST_CASE("an overlay merges maps by key and nodes by name", "[config]") {
  PipelineConfig pipeline = over_base(
      "seed: 4\n"
      "services:\n"
      "  teacher: { with: { generation: { top_p: 0.5 } } }\n"
      "nodes:\n"
      "  - { name: b, parallelism: 8, with: { max_attempts: 5 } }\n");
  CHECK(pipeline.name == "base");
  CHECK(pipeline.seed == 4);
  CHECK(pipeline.services[0].with.to_json() ==
        Json{{"model", "small"}, {"generation", {{"top_p", 0.5}, {"seed", 1}}}});
  CHECK(node_names(pipeline) == std::vector<std::string>{"a", "b", "c"});
  CHECK(pipeline.nodes[1].use == "Doc2Query");
  CHECK(pipeline.nodes[1].parallelism == 8);
  CHECK(pipeline.nodes[1].with.to_json() == Json{{"llm", "teacher"}, {"max_attempts", 5}});
  CHECK(pipeline.nodes[2].from[0].node == "b");
}

TEST_CASE("a changed use replaces the whole with", "[config]") {
  PipelineConfig pipeline = over_base(
      "services:\n"
      "  teacher: { use: llm.openai, with: { base_url: u } }\n"
      "nodes:\n"
      "  - { name: b, use: Other }\n"
      "  - { name: c, use: files.write, with: { meta: true } }\n");
  CHECK(pipeline.services[0].use == "llm.openai");
  CHECK(pipeline.services[0].with.to_json() == Json{{"base_url", "u"}});
  CHECK(pipeline.nodes[1].with.to_json() == Json::object());
  CHECK(pipeline.nodes[2].with.to_json() == Json{{"path", "out.jsonl"}, {"meta", true}});
}

TEST_CASE("null removes and lists are replaced", "[config]") {
  PipelineConfig pipeline = over_base(
      "seed: null\n"
      "services: { spare: null }\n"
      "nodes:\n"
      "  - { name: a, with: { format: null, path: [x, y] } }\n"
      "  - { name: b, parallelism: null }\n");
  CHECK(pipeline.seed == 0);
  REQUIRE(pipeline.services.size() == 1);
  CHECK(pipeline.nodes[0].with.to_json() == Json{{"path", {"x", "y"}}});
  CHECK_FALSE(pipeline.nodes[1].parallelism);
}

TEST_CASE("nodes of an overlay may be a map, in which null takes one out", "[config]") {
  PipelineConfig pipeline = over_base(
      "nodes:\n"
      "  b: null\n"
      "  c: { from: a }\n"
      "  d: { use: files.write, from: a, with: { path: second.jsonl } }\n");
  CHECK(node_names(pipeline) == std::vector<std::string>{"a", "c", "d"});
  CHECK(pipeline.nodes[1].from[0].node == "a");
  CHECK(pipeline.nodes[2].from[0].node == "a");
  REQUIRE(pipeline.removed_nodes.size() == 1);
  CHECK(pipeline.removed_nodes[0].name == "b");
  CHECK(pipeline.removed_nodes[0].where.to_string() == "o.yaml:2:3");
}

TEST_CASE("the node above is the one of the file that brought the node", "[config]") {
  SECTION("taking a node out leaves what it fed pointing at it") {
    PipelineConfig pipeline = over_base("nodes: { b: null }\n");
    REQUIRE(pipeline.nodes[1].from.size() == 1);
    CHECK(pipeline.nodes[1].from[0].node == "b");
  }
  SECTION("a node that an overlay adds has none") {
    PipelineConfig pipeline = over_base("nodes: [{ name: d, use: x }]\n");
    CHECK(pipeline.nodes[3].from.empty());
    CHECK_FALSE(pipeline.nodes[3].from_given);
  }
  SECTION("taking a given from away brings it back") {
    TemporaryFolder folder;
    folder.write("p.yaml",
                 "nodes:\n  - { name: a, use: x }\n  - { name: b, use: x }\n"
                 "  - { name: c, use: x, from: a }\n");
    folder.write("o.yaml", "nodes: { c: { from: null } }\n");
    CHECK(load_ok("p.yaml", {"o.yaml"}).nodes[2].from[0].node == "b");
  }
}

TEST_CASE("several overlays apply in the order given; an empty one changes nothing", "[config]") {
  TemporaryFolder folder;
  folder.write("p.yaml", kBase);
  folder.write("one.yaml", "seed: 10\ngrace_s: 1\n");
  folder.write("two.yaml", "seed: 20\n");
  folder.write("empty.yaml", "# nothing\n");
  PipelineConfig pipeline = load_ok("p.yaml", {"one.yaml", "two.yaml", "empty.yaml"});
  CHECK(pipeline.seed == 20);
  CHECK(pipeline.grace_s == 1);
}

TEST_CASE("extends starts from another file, relative to the one that names it", "[config]") {
  TemporaryFolder folder;
  folder.write("parent/base.yaml", kBase);
  folder.write("mine/p.yaml",
               "extends: ../parent/base.yaml\nname: mine\nnodes:\n"
               "  - { name: c, with: { path: mine.jsonl } }\n");
  PipelineConfig pipeline = load_ok("mine/p.yaml");
  CHECK(pipeline.name == "mine");
  CHECK(pipeline.nodes[2].with.to_json() == Json{{"path", "mine.jsonl"}});
  CHECK(pipeline.nodes[2].from[0].node == "b");
  CHECK(pipeline.nodes[0].with.find("path")->folder == "parent");
  CHECK(pipeline.nodes[2].with.find("path")->folder == "mine");
  CHECK(pipeline.nodes[0].where.file == "parent/base.yaml");
}

TEST_CASE("an overlay that extends the file it is put over brings only its changes", "[config]") {
  TemporaryFolder folder;
  folder.write("p.yaml", kBase);
  folder.write("first.yaml", "nodes: [{ name: b, parallelism: 99 }]\n");
  folder.write("o.yaml", "extends: p.yaml\nseed: 5\n");
  PipelineConfig pipeline = load_ok("p.yaml", {"first.yaml", "o.yaml"});
  CHECK(pipeline.nodes[1].parallelism == 99);
  CHECK(pipeline.seed == 5);
  CHECK(load_ok("o.yaml").nodes[1].parallelism == 4);
}

TEST_CASE("a chain of extends: the file nearest to the user wins, overlays come after",
          "[config]") {
  TemporaryFolder folder;
  folder.write("far/base.yaml", kBase);
  folder.write("near/middle.yaml",
               "extends: ../far/base.yaml\nseed: 4\norder: any\nnodes:\n"
               "  - { name: a, with: { path: middle.jsonl } }\n  - { name: b, parallelism: 5 }\n");
  folder.write("top.yaml",
               "extends: near/middle.yaml\nseed: 5\nnodes: { b: { parallelism: 6 } }\n");
  folder.write("over/o.yaml", "nodes:\n  - { name: b, parallelism: 7 }\n");
  const PipelineConfig alone = load_ok("top.yaml");
  CHECK(alone.seed == 5);
  CHECK(alone.order == Order::any);
  CHECK(alone.name == "base");
  CHECK(alone.nodes[1].parallelism == 6);
  CHECK(alone.nodes[0].with.find("path")->folder == "near");
  CHECK(alone.nodes[2].with.find("path")->folder == "far");
  CHECK(load_ok("top.yaml", {"over/o.yaml"}).nodes[1].parallelism == 7);
  CHECK(load_ok("top.yaml", {"over/o.yaml"}, {"nodes.b.parallelism=8"}).nodes[1].parallelism == 8);
}

TEST_CASE("what a file takes out of the one that it extends is gone", "[config]") {
  TemporaryFolder folder;
  folder.write("base.yaml", kBase);
  folder.write("p.yaml",
               "extends: base.yaml\nservices: { spare: null }\nnodes:\n  b: null\n"
               "  c: { from: a }\n");
  const PipelineConfig pipeline = load_ok("p.yaml");
  CHECK(node_names(pipeline) == std::vector<std::string>{"a", "c"});
  CHECK(pipeline.services.size() == 1);
}

}  // namespace rare::engine
