// ${VAR} and ${VAR:default} in leaf values.
#include <cstdlib>

#include "catch.h"
#include "temporary_folder.h"

namespace rare::engine {
namespace {

// Loads a pipeline whose first node has this parameter, as written.
ConfigValue parameter(const std::string& yaml) {
  setenv("RARE_TEST_WORD", "seven", 1);
  setenv("RARE_TEST_NUMBER", "7", 1);
  setenv("RARE_TEST_EMPTY", "", 1);
  setenv("RARE_TEST_YAML", "{a: 1}", 1);
  unsetenv("RARE_TEST_UNSET");
  TemporaryFolder folder;
  folder.write("p.yaml", "nodes:\n  - name: a\n    use: x\n    with:\n      p: " + yaml + "\n");
  return *load_ok("p.yaml").nodes[0].with.find("p");
}

}  // namespace

TEST_CASE("a variable stands anywhere in a value, several times", "[config]") {
  CHECK(parameter("${RARE_TEST_WORD}").scalar == "seven");
  CHECK(parameter("a-${RARE_TEST_WORD}-${RARE_TEST_NUMBER}.x").scalar == "a-seven-7.x");
  CHECK(parameter("[ \"${RARE_TEST_WORD}\", b ]").to_json() == Json{"seven", "b"});
  CHECK(parameter("\"${RARE_TEST_WORD}\"").scalar == "seven");
}

TEST_CASE("plain values get their type after substitution, quoted ones stay text", "[config]") {
  CHECK(parameter("${RARE_TEST_NUMBER}").scalar == 7);
  CHECK(parameter("${RARE_TEST_NUMBER}").text == "7");
  CHECK(parameter("1${RARE_TEST_NUMBER}").scalar == 17);
  CHECK(parameter("\"${RARE_TEST_NUMBER}\"").scalar == "7");
}

TEST_CASE("a variable's text is never read as YAML", "[config]") {
  CHECK(parameter("${RARE_TEST_YAML}").scalar == "{a: 1}");
}

TEST_CASE("a default stands in for a variable that is not set, and may be empty", "[config]") {
  CHECK(parameter("${RARE_TEST_UNSET:8}").scalar == 8);
  CHECK(parameter("${RARE_TEST_UNSET:http://h:80/v1}").scalar == "http://h:80/v1");
  CHECK(parameter("${RARE_TEST_WORD:8}").scalar == "seven");
  ConfigValue empty = parameter("${RARE_TEST_UNSET:}");
  CHECK(empty.kind == ConfigValue::Kind::scalar);
  CHECK(empty.scalar == "");
  CHECK(parameter("${RARE_TEST_EMPTY:x}").scalar == "");
}

TEST_CASE("$${ is the text ${ itself, and other dollars are plain", "[config]") {
  CHECK(parameter("$${RARE_TEST_WORD}").scalar == "${RARE_TEST_WORD}");
  CHECK(parameter("a $5 $HOME {{x}}").scalar == "a $5 $HOME {{x}}");
}

TEST_CASE("a variable that is not UTF-8 text is refused by name", "[config]") {
  setenv("RARE_TEST_WORD", "\xFC", 1);
  TemporaryFolder folder;
  folder.write("p.yaml", "name: ${RARE_TEST_WORD}\nnodes: [{ name: a, use: x }]\n");
  CHECK(
      load_errors("p.yaml") ==
      "p.yaml:1:7: error: environment variable 'RARE_TEST_WORD' is not UTF-8 text without control "
      "characters\n"
      "  1 | name: ${RARE_TEST_WORD}\n"
      "    |       ^\n");
}

TEST_CASE("a value that an overlay replaces needs no variable", "[config]") {
  unsetenv("RARE_TEST_UNSET");
  TemporaryFolder folder;
  folder.write("p.yaml", "name: ${RARE_TEST_UNSET}\nnodes: [{ name: a, use: x }]\n");
  folder.write("o.yaml", "name: mine\n");
  CHECK(load_ok("p.yaml", {"o.yaml"}).name == "mine");
}

}  // namespace rare::engine
