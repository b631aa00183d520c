// YAML to values with places, whatever style they are written in.
#include "engine/config/yaml_reader.h"

#include "catch.h"

namespace rare::engine {
namespace {

ConfigValue read_ok(const std::string& text) {
  Diagnostics diagnostics;
  std::optional<ConfigValue> value = read_yaml(text, "p.yaml", "folder", diagnostics);
  INFO(diagnostics.to_string());
  REQUIRE(diagnostics.ok());
  REQUIRE(value);
  return *value;
}

std::string errors(const std::string& text) {
  Diagnostics diagnostics;
  CHECK_FALSE(read_yaml(text, "p.yaml", "folder", diagnostics));
  return diagnostics.to_string();
}

}  // namespace

TEST_CASE("block and flow style give the same values", "[config]") {
  Json expected{{"a", {1, 2.5, "x"}}, {"b", {{"c", true}, {"d", nullptr}}}};
  CHECK(read_ok("a:\n  - 1\n  - 2.5\n  - x\nb:\n  c: true\n  d:\n").to_json() == expected);
  CHECK(read_ok("{a: [1, 2.5, x], b: {c: true, d: ~}}").to_json() == expected);
}

TEST_CASE("quotes and blocks keep text as text, and plain scalars keep what was written",
          "[config]") {
  ConfigValue value = read_ok(
      "plain: 007\nsingle: '8'\ndouble: \"9\\n\"\nblock: |\n  10\n  # no comment\nfolded: >-\n  a\n"
      "  b\ntagged: !!str 11\n");
  CHECK(value.find("plain")->scalar == 7);
  CHECK(value.find("plain")->text == "007");
  CHECK_FALSE(value.find("plain")->quoted);
  CHECK(value.find("single")->scalar == "8");
  CHECK(value.find("single")->quoted);
  CHECK(value.find("double")->scalar == "9\n");
  CHECK(value.find("block")->scalar == "10\n# no comment\n");
  CHECK(value.find("folded")->scalar == "a b");
  CHECK(value.find("tagged")->scalar == "11");
}

TEST_CASE("quotes that hold quotes are closed where they are closed", "[config]") {
  CHECK(read_ok("a: 'it''s'\nb: \"say \\\"x\\\"\"\nc: &k 'z'\nd: !!str \"q\"\ne: ''\n").to_json() ==
        Json{{"a", "it's"}, {"b", "say \"x\""}, {"c", "z"}, {"d", "q"}, {"e", ""}});
  CHECK(errors("a: 'it''s\n") ==
        "p.yaml:1:4: error: not valid YAML: a quote that is never closed\n"
        "  1 | a: 'it''s\n    |    ^\n");
  CHECK(errors("a: &k \"x\\\"\n") ==
        "p.yaml:1:4: error: not valid YAML: a quote that is never closed\n"
        "  1 | a: &k \"x\\\"\n    |    ^\n");
}

TEST_CASE("columns count characters, not bytes", "[config]") {
  ConfigValue value = read_ok("größe: [ä, ö]\n");
  CHECK(value.find("größe")->items[1].where.to_string() == "p.yaml:1:12");
}

TEST_CASE("an alias repeats what its anchor names", "[config]") {
  CHECK(read_ok("a: &x { k: [1] }\nb: *x\n").to_json() ==
        Json{{"a", {{"k", {1}}}}, {"b", {{"k", {1}}}}});
}

TEST_CASE("values know the folder of their file", "[config]") {
  CHECK(read_ok("a: [b]").find("a")->items[0].folder == "folder");
}

TEST_CASE("a value that is left out stands at its key", "[config]") {
  ConfigValue value = read_ok("a:\nb: null\n");
  CHECK(value.find("a")->where.to_string() == "p.yaml:1:1");
  CHECK(value.find("b")->where.to_string() == "p.yaml:2:4");
}

TEST_CASE("aliases that multiply are stopped before they fill the memory", "[config]") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    std::string below = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int k = 1; k < 10; ++k) text += ", " + below;
    text += "]\n";
  }
  CHECK(errors(text).find("more than 50000 values\n") != std::string::npos);
}

TEST_CASE("nesting without end is refused where it gets too deep", "[config]") {
  const std::string deep = "a: 1\nb: " + std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(errors(deep).substr(0, 62) ==
        "p.yaml:2:103: error: lists and maps nested more than 100 deep\n");
  std::string block;
  for (int level = 0; level < 600; ++level) block += "- ";
  CHECK(
      errors(block).starts_with("p.yaml:1:201: error: lists and maps nested more than 100 deep\n"));
  CHECK(read_ok(std::string(100, '[') + std::string(100, ']')).items.size() == 1);
}

TEST_CASE("nesting by aliases counts as if it were written out", "[config]") {
  const std::string half = std::string(60, '[') + std::string(60, ']');
  CHECK(errors("a: &a " + half + "\nb: " + std::string(60, '[') + "*a" + std::string(60, ']'))
            .starts_with("p.yaml:2:64: error: lists and maps nested more than 100 deep\n"));
}

}  // namespace rare::engine
