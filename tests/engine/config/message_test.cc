// Every message about a broken pipeline file, as its user reads it.
#include <cstdlib>
#include <string>

#include "catch.h"
#include "message_cases.h"
#include "temporary_folder.h"

namespace rare::engine {
namespace {

void check_group(const std::string& group, std::size_t expected_cases) {
  std::vector<MessageCase> cases =
      read_message_cases("tests/engine/config/messages/" + group + ".txt");
  CHECK(cases.size() == expected_cases);
  setenv("RARE_TEST_WORD", "seven", 1);
  unsetenv("RARE_TEST_UNSET");
  for (const MessageCase& c : cases) {
    INFO(group << ": " << c.title);
    TemporaryFolder folder;
    const LoadOptions options = c.prepare();
    CHECK(load_errors(options.file, options.overlays, options.settings) == c.message);
  }
}

}  // namespace

TEST_CASE("broken YAML is shown with line and caret", "[config]") { check_group("syntax", 19); }

TEST_CASE("unknown keys and wrong shapes are named with what was meant", "[config]") {
  check_group("keys", 20);
}

TEST_CASE("values say what was expected and what came", "[config]") { check_group("values", 27); }

TEST_CASE("variables that cannot be filled in are named", "[config]") {
  check_group("variables", 5);
}

TEST_CASE("errors in overlays and extended files stand at their own lines", "[config]") {
  check_group("overlays", 10);
}

TEST_CASE("errors of --set stand at the option", "[config]") { check_group("settings", 15); }

TEST_CASE("a pipeline file that cannot be read is named with the reason", "[config]") {
  TemporaryFolder folder;
  CHECK(load_errors("none.yaml") ==
        "none.yaml: error: cannot read 'none.yaml': No such file or directory\n");
  CHECK(load_errors(".") == ".: error: cannot read '.': it is a folder\n");
  folder.write("p.yaml", "nodes: [{ name: a, use: files.read }]\n");
  CHECK(load_errors("p.yaml", {"o.yaml"}) ==
        "o.yaml: error: cannot read 'o.yaml': No such file or directory\n");
}

TEST_CASE("a cycle of files that extend each other is refused where it closes", "[config]") {
  TemporaryFolder folder;
  folder.write("a.yaml", "extends: b.yaml\n");
  folder.write("b.yaml", "name: b\nextends: a.yaml\n");
  CHECK(load_errors("a.yaml") ==
        "b.yaml:2:10: error: extends: 'a.yaml' extends this file in turn\n"
        "  2 | extends: a.yaml\n"
        "    |          ^\n");
}

}  // namespace rare::engine
