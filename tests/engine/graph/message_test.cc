// Every message of the plan, as its user reads it.
#include <cstdlib>

#include "catch.h"
#include "message_cases.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

void check_group(const std::string& group, std::size_t expected_cases) {
  std::vector<MessageCase> cases =
      read_message_cases("tests/engine/graph/messages/" + group + ".txt");
  CHECK(cases.size() == expected_cases);
  unsetenv("RARE_TEST_UNSET");
  const Registry registry = test_registry();
  for (const MessageCase& c : cases) {
    INFO(group << ": " << c.title);
    TemporaryFolder folder;
    Diagnostics diagnostics;
    PipelineConfig config = load_pipeline(c.prepare(), diagnostics);
    make_plan(std::move(config), registry, diagnostics);
    CHECK(diagnostics.to_string() == c.message);
  }
}

}  // namespace

TEST_CASE("components that cannot be used are named with what can", "[graph]") {
  check_group("components", 13);
}

TEST_CASE("parameters say what was expected and what came", "[graph]") {
  check_group("parameters", 42);
}

TEST_CASE("edges that cannot be are shown where they are written", "[graph]") {
  check_group("edges", 27);
}

TEST_CASE("fields and passes that cannot work are refused", "[graph]") { check_group("fields", 9); }

TEST_CASE("plugins that were refused are pointed at when a name is unknown", "[graph]") {
  PlanFixture fixture;
  fixture.registry.refuse({"x.so", "made for another SDK"});
  CHECK(fixture.errors("nodes:\n  - { name: a, use: sentiment.score }\n") ==
        "p.yaml:2:21: error: node 'a': unknown operator 'sentiment.score'\n"
        "  2 |   - { name: a, use: sentiment.score }\n"
        "    |                     ^\n"
        "  'rare-engine operators' lists what is installed, 'rare-engine plugins' what was refused "
        "(1)\n");
}

}  // namespace rare::engine
