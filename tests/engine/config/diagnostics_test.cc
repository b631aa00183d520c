// How errors are printed, and which name is taken for the one that was meant.
#include "engine/config/diagnostics.h"

#include "catch.h"

namespace rare::engine {

TEST_CASE("an error without a place is its message", "[config]") {
  Diagnostics diagnostics;
  diagnostics.error({}, "nothing to run", "name a pipeline\nor two");
  CHECK(diagnostics.to_string() == "error: nothing to run\n  name a pipeline\n  or two\n");
  CHECK_FALSE(diagnostics.ok());
}

TEST_CASE("errors are printed in the order of files, lines and columns", "[config]") {
  Diagnostics diagnostics;
  diagnostics.add_source("b.yaml", "one\ntwo\n");
  diagnostics.add_source("a.yaml", "uno\n");
  diagnostics.error({"--set x=1", 0, 0}, "fifth");
  diagnostics.error({"a.yaml", 1, 1}, "fourth");
  diagnostics.error({"b.yaml", 2, 3}, "third");
  diagnostics.error({"b.yaml", 2, 1}, "second");
  diagnostics.error({"b.yaml", 0, 0}, "first");
  CHECK(diagnostics.to_string() ==
        "b.yaml: error: first\n"
        "b.yaml:2:1: error: second\n  2 | two\n    | ^\n"
        "b.yaml:2:3: error: third\n  2 | two\n    |   ^\n"
        "a.yaml:1:1: error: fourth\n  1 | uno\n    | ^\n"
        "--set x=1: error: fifth\n");
}

TEST_CASE("a long line is cut around the caret", "[config]") {
  Diagnostics diagnostics;
  diagnostics.add_source("a.yaml", std::string(1000, 'a') + "X" + std::string(1000, 'b'));
  diagnostics.error({"a.yaml", 1, 1001}, "here");
  CHECK(diagnostics.to_string() == "a.yaml:1:1001: error: here\n  1 | ..." + std::string(50, 'a') +
                                       "X" + std::string(109, 'b') + "...\n    | " +
                                       std::string(53, ' ') + "^\n");
}

TEST_CASE("control characters in messages are spelt out", "[config]") {
  Diagnostics diagnostics;
  diagnostics.error({"--set a=\x1b[2J", 0, 0}, "unknown key '\x1b]0;x\x07' \xC2\x9B \xFF\xC3\xA9\n",
                    "did you mean '\r'?\nor \x7F");
  CHECK(diagnostics.to_string() ==
        "--set a=\\x1B[2J: error: unknown key '\\x1B]0;x\\x07' \\xC2\\x9B \\xFF\xC3\xA9\\x0A\n"
        "  did you mean '\\x0D'?\n  or \\x7F\n");
}

TEST_CASE("secrets are asterisks wherever they stand, and carets stay in place", "[config]") {
  Diagnostics diagnostics;
  diagnostics.add_source("a.yaml", "key: sk-1 sk-1, n: -1");
  diagnostics.error({"a.yaml", 1, 20}, "expected 1, got sk-1", "no sk-1");
  diagnostics.hide("sk-1");
  diagnostics.hide("n");
  diagnostics.hide("");
  CHECK(diagnostics.to_string() ==
        "a.yaml:1:20: error: expected 1, got ****\n"
        "  1 | key: **** ****, n: -1\n"
        "    |                    ^\n"
        "  no ****\n");
}

TEST_CASE("the nearest name is one that a slip of the finger can reach", "[config]") {
  std::vector<std::string> names{"parallelism", "on_error", "use", "from", "num_neg"};
  CHECK(nearest_name("paralelism", names) == "parallelism");
  CHECK(nearest_name("onerror", names) == "on_error");
  CHECK(nearest_name("form", names) == "from");
  CHECK(nearest_name("USE", names) == "use");
  CHECK(nearest_name("num_negs", names) == "num_neg");
  CHECK(nearest_name("colour", names).empty());
  CHECK(nearest_name("x", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(100'000, 'x'), names).empty());
}

}  // namespace rare::engine
