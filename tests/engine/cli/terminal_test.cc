#include "engine/cli/terminal.h"

#include "catch.h"

namespace rare::engine::cli {
namespace {

TEST_CASE("columns are as wide as their widest cell, in characters") {
  CHECK(columns({{"a", "b", "c"}, {"größe", "x", "y"}}) ==
        "a      b  c\n"
        "größe  x  y\n");
  CHECK(columns({{"a", ""}, {"b", "text"}}, "  ") == "  a\n  b  text\n");
  CHECK(columns({}) == "");
}

TEST_CASE("text is broken at spaces, and keeps its own line ends") {
  CHECK(wrapped("one two three", "  ", 10) == "  one two\n  three\n");
  CHECK(wrapped("one\n\ntwo", "") == "one\n\ntwo\n");
  CHECK(wrapped("unbreakable", "", 4) == "unbreakable\n");
  CHECK(wrapped("", "  ") == "");
}

TEST_CASE("only a diagnostic's own word is painted, not what is quoted from a file") {
  const Style style("always", 2);
  CHECK(style.diagnostics("a.yaml:1:2: error: no\n  1 | error: yes\n") ==
        "a.yaml:1:2: \x1b[1;31merror:\x1b[0m no\n  1 | error: yes\n");
  CHECK(Style("never", 2).diagnostics("a: error: b") == "a: error: b");
  CHECK(style.diagnostics("") == "");
}

}  // namespace
}  // namespace rare::engine::cli
