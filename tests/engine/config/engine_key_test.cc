// The engine's own keys: what they become, and what they are when left out.
#include "catch.h"
#include "temporary_folder.h"

namespace rare::engine {
namespace {

constexpr const char* kTwoNodes =
    "nodes:\n"
    "  - { name: a, use: files.read }\n"
    "  - { name: b, use: files.write }\n";

PipelineConfig load_with(const std::string& top) {
  TemporaryFolder folder;
  folder.write("p.yaml", top + kTwoNodes);
  return load_ok("p.yaml");
}

}  // namespace

TEST_CASE("keys left out have the documented defaults", "[config]") {
  PipelineConfig pipeline = load_with("");
  CHECK(pipeline.name == "p");
  CHECK(pipeline.file == "p.yaml");
  CHECK(pipeline.order == Order::input);
  CHECK(pipeline.seed == 0);
  CHECK(pipeline.max_errors.count == 0u);
  CHECK_FALSE(pipeline.max_errors.share);
  CHECK_FALSE(pipeline.stop_after_errors.count);
  CHECK(pipeline.stop_after_errors.share == 0.05);
  CHECK(pipeline.stop_after_errors.after_records == 200);
  CHECK_FALSE(pipeline.max_records_in_flight);
  CHECK(pipeline.grace_s == 30);
  REQUIRE(pipeline.nodes.size() == 2);
  CHECK(pipeline.nodes[1].on_error == OnError::dead_letter);
  CHECK_FALSE(pipeline.nodes[1].parallelism);
  CHECK_FALSE(pipeline.nodes[1].parallelism_auto);
  CHECK(pipeline.nodes[1].with.kind == ConfigValue::Kind::map);
}

TEST_CASE("keys of the top are typed", "[config]") {
  PipelineConfig pipeline = load_with(
      "name: rare run\norder: any\nseed: 18446744073709551615\nmax_records_in_flight: 64\n"
      "grace_s: 0.5\nbudget: { tokens: 5000, cost: 1.5 }\n"
      "per_shard: true\n"
      "services: { teacher: { use: model } }\nprices: { teacher: { completion: 0.5 } }\n");
  CHECK(pipeline.name == "rare run");
  CHECK(pipeline.order == Order::any);
  CHECK(pipeline.seed == 18446744073709551615u);
  CHECK(pipeline.max_records_in_flight == 64);
  CHECK(pipeline.grace_s == 0.5);
  CHECK(pipeline.on_end.empty());
  CHECK(pipeline.per_shard);
  CHECK(pipeline.budget.tokens == 5000);
  CHECK(pipeline.budget.cost == 1.5);
  CHECK(pipeline.prices.at("teacher").prompt == 0);
  CHECK(pipeline.prices.at("teacher").completion == 0.5);
}

TEST_CASE("a command for the end is the shell's line, or a program and its words", "[config]") {
  const std::vector<std::string> shell{"/bin/sh", "-c", "notify $RARE_EXIT_CODE"};
  CHECK(load_with("on_end: notify $RARE_EXIT_CODE\n").on_end == shell);
  const std::vector<std::string> words{"notify", "--times", "3"};
  CHECK(load_with("on_end: [notify, --times, 3]\n").on_end == words);
}

TEST_CASE("bounds on errors are counts or shares", "[config]") {
  PipelineConfig pipeline = load_with("max_errors: 7\nstop_after_errors: 50\n");
  CHECK(pipeline.max_errors.count == 7u);
  CHECK(pipeline.stop_after_errors.count == 50u);
  CHECK_FALSE(pipeline.stop_after_errors.share);

  pipeline = load_with("max_errors: 2.5%\nstop_after_errors: 10% after 1000 records\n");
  CHECK_FALSE(pipeline.max_errors.count);
  CHECK(pipeline.max_errors.share == 0.025);
  CHECK(pipeline.max_errors.after_records == 0);
  CHECK(pipeline.stop_after_errors.share == 0.1);
  CHECK(pipeline.stop_after_errors.after_records == 1000);

  pipeline = load_with("max_errors: 0.25\nstop_after_errors: 100%\n");
  CHECK(pipeline.max_errors.share == 0.25);
  CHECK(pipeline.stop_after_errors.share == 1.0);
  CHECK(pipeline.stop_after_errors.after_records == 200);
}

TEST_CASE("a node reads the node above unless it says otherwise", "[config]") {
  TemporaryFolder folder;
  folder.write("p.yaml",
               "nodes:\n"
               "  - { name: a, use: files.read }\n"
               "  - { name: b, use: x }\n"
               "  - { name: c, use: x, from: [a, b.kept] }\n"
               "  - { name: d, use: x, from: b }\n"
               "  - { name: e, use: files.read, from: [] }\n");
  PipelineConfig pipeline = load_ok("p.yaml");
  REQUIRE(pipeline.nodes.size() == 5);
  CHECK(pipeline.nodes[0].from.empty());
  CHECK_FALSE(pipeline.nodes[0].from_given);
  REQUIRE(pipeline.nodes[1].from.size() == 1);
  CHECK(pipeline.nodes[1].from[0].node == "a");
  CHECK(pipeline.nodes[1].from[0].where.to_string() == "p.yaml:3:5");
  CHECK_FALSE(pipeline.nodes[1].from_given);
  REQUIRE(pipeline.nodes[2].from.size() == 2);
  CHECK(pipeline.nodes[2].from_given);
  CHECK(pipeline.nodes[2].from[0].port.empty());
  CHECK(pipeline.nodes[2].from[1].node == "b");
  CHECK(pipeline.nodes[2].from[1].port == "kept");
  CHECK(pipeline.nodes[2].from[1].where.to_string() == "p.yaml:4:34");
  CHECK(pipeline.nodes[3].from[0].node == "b");
  CHECK(pipeline.nodes[4].from.empty());
  CHECK(pipeline.nodes[4].from_given);
}

TEST_CASE("keys of a node are typed and keep their places", "[config]") {
  TemporaryFolder folder;
  folder.write("p.yaml",
               "nodes:\n"
               "  - name: a\n"
               "    use: files.read\n"
               "    parallelism: auto\n"
               "    on_error: drop\n"
               "    with:\n"
               "      path: [x, y]\n"
               "  - { name: b, use: files.write, parallelism: 8, on_error: fail }\n");
  PipelineConfig pipeline = load_ok("p.yaml");
  const NodeConfig& node = pipeline.nodes[0];
  CHECK(node.where.to_string() == "p.yaml:2:5");
  CHECK(node.use_where.to_string() == "p.yaml:3:10");
  CHECK(node.parallelism_auto);
  CHECK_FALSE(node.parallelism);
  CHECK(node.parallelism_where.to_string() == "p.yaml:4:18");
  CHECK(node.on_error == OnError::drop);
  CHECK(node.with.to_json() == Json{{"path", {"x", "y"}}});
  CHECK(node.with.key_location("path").to_string() == "p.yaml:7:7");
  CHECK(node.with.find("path")->items[1].where.to_string() == "p.yaml:7:17");
  CHECK(pipeline.nodes[1].parallelism == 8);
  CHECK(pipeline.nodes[1].on_error == OnError::fail);
}

TEST_CASE("services keep the file's order and their places", "[config]") {
  PipelineConfig pipeline = load_with(
      "services:\n"
      "  teacher: { use: llm.local }\n"
      "  corpus:\n"
      "    use: bm25.index\n"
      "    with: { from: a }\n");
  REQUIRE(pipeline.services.size() == 2);
  CHECK(pipeline.services[0].name == "teacher");
  CHECK(pipeline.services[0].use == "llm.local");
  CHECK(pipeline.services[0].use_where.to_string() == "p.yaml:2:19");
  CHECK(pipeline.services[1].where.to_string() == "p.yaml:3:3");
  CHECK(pipeline.services[1].with.to_json() == Json{{"from", "a"}});
}

TEST_CASE("a file with a byte order mark and CRLF line ends is read like any other", "[config]") {
  TemporaryFolder folder;
  folder.write("p.yaml",
               "\xEF\xBB\xBFname: x\r\nnodes:\r\n  - { name: a, use: files.read, bad: 1 }\r\n");
  CHECK(load_errors("p.yaml") ==
        "p.yaml:3:33: error: node 'a': unknown key 'bad'\n"
        "  3 |   - { name: a, use: files.read, bad: 1 }\n"
        "    |                                 ^\n"
        "  a component's own parameters stand inside 'with:'; known here: name, use, from, "
        "parallelism, timeout_s, on_error, save, with\n");
}

}  // namespace rare::engine
