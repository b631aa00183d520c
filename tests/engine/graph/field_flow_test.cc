// Fields that may be there are not refused: only what can be known to be wrong is an error.
#include "engine/graph/field_flow.h"

#include "catch.h"
#include "plan_fixture.h"

namespace rare::engine {
namespace {

const std::string kStart =
    "services:\n  teacher: { use: model.fake, with: { model: m } }\nnodes:\n"
    "  - { name: documents, use: files.read, with: { path: in.jsonl } }\n";
const std::string kAsk = "  - { name: ask, use: model.ask, with: { llm: teacher } }\n";
const std::string kEnd = "  - { name: result, use: files.write, with: { path: out.jsonl } }\n";

}  // namespace

TEST_CASE("a field that nobody writes may come from the source", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(kStart +
                           "  - { name: n, use: text.note, with: { input_key: author } }\n" + kEnd);
  CHECK(fields_read(*plan.node("n")) == std::vector<std::string>{"author"});
  CHECK(fields_written(*plan.node("n")) == std::vector<std::string>{"note"});
}

TEST_CASE("fields named by a parameter that is empty or a list", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(kStart + "  - { name: n, use: text.note }\n" +
                           "  - { name: u, use: text.upper, with: { field: [a, b] } }\n" + kEnd);
  CHECK(fields_read(*plan.node("n")).empty());
  CHECK(fields_read(*plan.node("u")) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a node that changes a field in place is neither its first nor a second writer",
          "[graph]") {
  PlanFixture fixture;
  const std::string upper = "use: text.upper, with: { field: question } }\n";
  CHECK(fixture.errors(kStart + kAsk + "  - { name: u, " + upper + kEnd).empty());
  // It needs the field itself, so it proves nothing about the nodes above it.
  CHECK(
      fixture
          .errors(kStart +
                  "  - { name: n, use: text.note, with: { input_key: question, output_key: n } }\n"
                  "  - { name: u, " +
                  upper + kEnd)
          .empty());
}

TEST_CASE("fields that stand inside a parameter's value are written, too", "[graph]") {
  PlanFixture fixture;
  const std::string answer =
      "  - { name: a, use: text.answer, with: { schema: { q: {}, r: {} } } }\n";
  const Plan plan = fixture.plan(kStart + answer + kEnd);
  CHECK(fields_written(*plan.node("a")) == std::vector<std::string>{"q", "r"});
  const std::string second = "  - { name: n, use: text.note, with: { output_key: r } }\n";
  CHECK_FALSE(fixture.errors(kStart + answer + second + kEnd).empty());
}

TEST_CASE("overwrite allows a second writer", "[graph]") {
  PlanFixture fixture;
  CHECK(fixture
            .errors(kStart + "  - { name: one, use: text.note }\n" +
                    "  - { name: two, use: text.note, with: { overwrite: true } }\n" + kEnd)
            .empty());
}

TEST_CASE("branches may write the same field, each into records of its own", "[graph]") {
  PlanFixture fixture;
  CHECK(fixture
            .errors(kStart +
                    "  - { name: one, use: text.note }\n"
                    "  - { name: two, use: text.note, from: documents }\n"
                    "  - { name: r, use: files.write, from: [one, two], with: { path: x } }\n")
            .empty());
}

TEST_CASE("what another source's branch writes says nothing about this one", "[graph]") {
  PlanFixture fixture;
  CHECK(fixture
            .errors(kStart + kAsk + kEnd +
                    "  - { name: more, use: files.read, with: { path: b.jsonl } }\n"
                    "  - { name: n, use: text.note, with: { input_key: question } }\n"
                    "  - { name: second, use: files.write, with: { path: b } }\n")
            .empty());
}

TEST_CASE("a field that is nearly one written above is noted, not refused", "[graph]") {
  PlanFixture fixture;
  Plan plan = fixture.plan(
      kStart + kAsk + "  - { name: n, use: text.note, with: { input_key: questions } }\n" + kEnd);
  CHECK(field_notes(plan) ==
        std::vector<std::string>{"node 'n' reads field 'questions', which only the source can "
                                 "bring; a node above writes 'question'"});
}

TEST_CASE("across a node that reshapes records no field is judged", "[graph]") {
  PlanFixture fixture;
  const std::string again = "  - { name: again, use: model.ask, with: { llm: teacher } }\n";
  CHECK_FALSE(fixture.errors(kStart + kAsk + again + kEnd).empty());
  const std::string reshape = "  - { name: reshape, use: text.reshape }\n";
  CHECK(fixture.errors(kStart + kAsk + reshape + again + kEnd).empty());
  CHECK_FALSE(fixture.errors(kStart + reshape + kAsk + again + kEnd).empty());

  const std::string read =
      "  - { name: n, use: text.note, with: { input_key: question, output_key: n } }\n";
  CHECK_FALSE(fixture.errors(kStart + read + kAsk + kEnd).empty());
  CHECK(fixture.errors(kStart + reshape + read + kAsk + kEnd).empty());
}

}  // namespace rare::engine
