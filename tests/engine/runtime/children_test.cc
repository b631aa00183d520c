// A record with more children than one credit carries: they come in parts, each once, in order,
// with however few credits, and no more of them are alive than credits carry.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "engine/runtime/buffered_output.h"
#include "engine/runtime/family.h"
#include "engine/runtime/rows_in_order.h"
#include "runtime_fixture.h"
#include "sanitized.h"
#include "scratch_folder.h"

using namespace rare::engine;
using namespace rare::engine::test;
using rare::Json;
using rare::Record;
using rare::RecordId;

namespace {

constexpr std::int64_t kChildren = rare::testing::kSanitized ? 1'500 : 6'000;

std::string into(std::int64_t children) {
  return ", with: { into: " + std::to_string(children) + " } }\n";
}

// Every row's child number, in the order of the file; REQUIREs that ids say the same.
std::vector<std::int64_t> children_in(const std::vector<Json>& rows, std::int64_t parent) {
  std::vector<std::int64_t> children;
  for (const Json& row : rows) {
    if (row.at("fields").at("n") != parent) continue;
    children.push_back(row.at("fields").at("child").get<std::int64_t>());
    REQUIRE(row.at("id") == std::to_string(parent) + "." + std::to_string(children.back()));
  }
  return children;
}

std::vector<std::int64_t> counted_up_to(std::int64_t end) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t n = 0; n < end; ++n) numbers.push_back(n);
  return numbers;
}

RecordId child_of(std::uint64_t ordinal, std::vector<std::uint32_t> path) {
  RecordId id(0, nullptr, ordinal);
  for (const std::uint32_t child : path) id = id.child({child, 0, true});
  return id;
}

Row row_of(std::vector<std::uint32_t> path) { return {1, child_of(0, std::move(path)), {}, "x"}; }

}  // namespace

TEST_CASE(
    "thousands of children of one record all arrive, in order, with one credit and with more") {
  const std::int64_t credits = GENERATE(1, 2, 20);
  const std::string order = GENERATE("input", "any");
  CAPTURE(credits, order);
  Observed observed;
  MemoryState state;
  Options options;
  options.credits = credits;
  options.children_bytes = GENERATE(std::size_t{500}, std::size_t{1} << 20);
  const Outcome outcome =
      run_graph("name: children\norder: " + order +
                    "\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: 3 } }\n"
                    "  - { name: split, use: test.split" +
                    into(kChildren) + "  - { name: result, use: test.collect }\n",
                state, observed, options);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == static_cast<std::uint64_t>(3 * kChildren));
  CHECK(outcome.tally.ledger.made == static_cast<std::uint64_t>(3 * (kChildren - 1)));
  CHECK(outcome.tally.nodes[1].in == 3);
  CHECK(outcome.tally.nodes[1].out == static_cast<std::uint64_t>(3 * kChildren));
  for (std::int64_t parent = 0; parent < 3; ++parent) {
    // One family's rows stand together in their order, whatever the order of families.
    CHECK(children_in(observed.rows["rows"], parent) == counted_up_to(kChildren));
  }
}

TEST_CASE("no more children are alive than credits carry, and free credits are used") {
  const std::int64_t credits = GENERATE(1, 4);
  Observed observed;
  MemoryState state;
  Options options;
  options.credits = credits;
  options.children_records = 8;
  const Outcome outcome = run_graph(
      "name: children\nservices:\n  echo: { use: test.echo }\nnodes:\n"
      "  - { name: numbers, use: test.numbers, with: { count: 1 } }\n"
      "  - { name: split, use: test.split" +
          into(2'000) +
          "  - { name: ask, use: test.ask, parallelism: 1000, with: { echo: echo } }\n"
          "  - { name: result, use: test.collect }\n",
      state, observed, options);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.written == 2'000);
  CHECK(observed.most_waiting <= credits * 8);
  if (credits > 1) CHECK(observed.most_waiting > 8);
}

TEST_CASE(
    "children of children, several ways and a whole-set node: nothing is lost between parts") {
  Observed observed;
  MemoryState state;
  Options options;
  options.credits = GENERATE(1, 7);
  options.children_records = GENERATE(1, 5);
  options.children_bytes = 2'000;
  const Outcome outcome = run_graph(R"(
name: children
order: input
stop_after_errors: 100%
nodes:
  - { name: numbers, use: test.numbers, with: { count: 6 } }
  - { name: outer, use: test.split, with: { into: 23 } }
  - { name: inner, use: test.split, with: { into: 17 } }
  - { name: some, use: test.modulo, with: { by: 3, fail_by: 5 }, from: inner }
  - { name: first, use: test.first, with: { by: 4 }, from: [inner, outer] }
  - { name: result, use: test.collect, from: [some, inner, first] }
)",
                                    state, observed, options);
  require_accounted(outcome);
  constexpr std::uint64_t kInner = 6 * 23 * 17;
  // Of the numbers 0 to 5, 0 and 3 are filtered and 1 fails.
  CHECK(outcome.tally.ledger.dead == kInner / 6);
  CHECK(outcome.tally.nodes[3].filtered == kInner / 3);
  CHECK(outcome.tally.ledger.merged == kInner + 6 * 23);
  CHECK(outcome.tally.ledger.written == kInner / 2 + kInner + 4);
  CHECK(observed.rows["rows"].size() == outcome.tally.ledger.written);
}

TEST_CASE(
    "a record that fails after it gave out thousands is one dead letter, and leaves nothing") {
  Observed observed;
  MemoryState state;
  Options options;
  options.children_records = 2;
  const Outcome outcome = run_graph(R"(
name: children
stop_after_errors: 100%
nodes:
  - { name: numbers, use: test.numbers, with: { count: 50 } }
  - { name: both, use: test.both, with: { before: 500 } }
  - { name: result, use: test.collect }
)",
                                    state, observed, options);
  require_accounted(outcome);
  CHECK(outcome.tally.ledger.dead == 50);
  CHECK(observed.rows["rows"].empty());
}

TEST_CASE("children that cannot wait on disk end the run with the node's name, not the record") {
  Observed observed;
  MemoryState state;
  Options options;
  options.children_folder = "/proc/nowhere";
  const Outcome outcome = run_graph(
      "name: children\nnodes:\n  - { name: numbers, use: test.numbers, with: { count: 3 } }\n"
      "  - { name: split, use: test.split" +
          into(200) + "  - { name: result, use: test.collect }\n",
      state, observed, options);
  REQUIRE(outcome.fault.has_value());
  CHECK(outcome.fault->message().find("split") != std::string::npos);
  CHECK(outcome.fault->message().find("/proc/nowhere") != std::string::npos);
  CHECK(outcome.tally.ledger.dead == 0);
  CHECK(outcome.started == outcome.finished + outcome.abandoned);
}

TEST_CASE("an output keeps a part in memory, and its disk is free when it is cleared or dropped") {
  const rare::testing::ScratchFolder folder;
  SegmentStore store(folder.path());
  const OutputNames names({"left", "right"});
  {
    BufferedOutput output(names, {&store, 3, 1u << 20});
    for (int n = 0; n < 10; ++n) {
      REQUIRE(output.emit(n % 2 == 0 ? "left" : "right", Record(Json{{"n", n}})).ok());
    }
    CHECK(output.emissions.size() == 3);
    REQUIRE(output.overflows());
    CHECK(store.bytes_on_disk() > 0);
    output.clear();
    CHECK(store.bytes_on_disk() == 0);
    CHECK_FALSE(output.overflows());
    for (int n = 0; n < 10; ++n) REQUIRE(output.emit("right", Record(Json{{"n", n}})).ok());
    const auto parts = output.take_parts();
    REQUIRE(parts.ok());
    REQUIRE(parts->size() == 3);
    CHECK((*parts)[2].first_child == 9);
    CHECK((*parts)[2].children == 1);
    const auto second = BufferedOutput::take_back((*parts)[1], store);
    REQUIRE(second.ok());
    REQUIRE(second->size() == 3);
    CHECK((*second)[0].port == 1);
    CHECK((*second)[2].record.fields() == Json{{"n", 8}});
    store.forget((*parts)[0].slot);
    store.forget((*parts)[2].slot);
    for (int n = 0; n < 9; ++n) REQUIRE(output.emit("left", Record(Json{{"n", n}})).ok());
  }
  CHECK(store.bytes_on_disk() == 0);
}

TEST_CASE("an output counts under the names of its spec, until it is cleared or closed") {
  const OutputNames names({""}, {"few", "none"});
  BufferedOutput output(names);
  REQUIRE(output.count("few", 2).ok());
  rare::Output& as_operators_see_it = output;
  REQUIRE(as_operators_see_it.count("few").ok());
  CHECK(output.counts == std::map<std::string, std::uint64_t>{{"few", 3}});
  CHECK(output.count("many", 1).message() == "counted under 'many', which its spec does not name");
  output.clear();
  CHECK(output.counts.empty());
  output.close();
  CHECK(output.count("few", 1).code() == rare::StatusCode::deadline_exceeded);
}

TEST_CASE("a record larger than a part's bytes is a part of its own") {
  const rare::testing::ScratchFolder folder;
  SegmentStore store(folder.path());
  const OutputNames names({""});
  BufferedOutput output(names, {&store, 64, 1'000});
  for (const std::size_t size : {5'000u, 10u, 10u, 5'000u, 10u}) {
    REQUIRE(output.emit(Record(Json{{"text", std::string(size, 'x')}})).ok());
  }
  CHECK(output.emissions.size() == 1);
  const auto parts = output.take_parts();
  REQUIRE(parts.ok());
  std::vector<std::uint32_t> sizes;
  for (const HeldPart& part : *parts) {
    sizes.push_back(part.children);
    store.forget(part.slot);
  }
  CHECK(sizes == std::vector<std::uint32_t>{2, 1, 1});
}

TEST_CASE(
    "rows come in the order of their ids from memory and from runs that lie within each other") {
  const rare::testing::ScratchFolder folder;
  SegmentStore store(folder.path());
  Family family(RecordId(0, nullptr, 0));
  family.add_run(*put_run({row_of({1}), row_of({0}), row_of({7})}, store));
  family.add_run(*put_run({row_of({5, 9}), row_of({5, 1})}, store));
  family.add_run(*put_run({row_of({8})}, store));
  for (const std::uint32_t child : {6u, 3u, 9u}) family.add_row(row_of({child}));
  RowsInOrder in_order(family, store);
  std::vector<std::string> ids;
  for (;;) {
    auto rows = in_order.next();
    REQUIRE(rows.ok());
    if (rows->empty()) break;
    for (const Row& row : *rows) ids.push_back(row.id.to_string());
  }
  CHECK(ids == std::vector<std::string>{"0.0", "0.1", "0.3", "0.5.1", "0.5.9", "0.6", "0.7", "0.8",
                                        "0.9"});
  CHECK(store.bytes_on_disk() == 0);
}

TEST_CASE(
    "what happened in a part is added up in the family, and too many rows come back for the disk") {
  Family family(RecordId(0, nullptr, 0));
  std::size_t put_out = 0;
  for (std::uint32_t number = 0; number < 10; ++number) {
    Family part(family.root, Family::Begin::empty);
    part.count_emission(2, 0, 3, 3, 0);
    part.count_filtered(3, number % 2 == 0 ? "even" : "odd");
    part.count(3, "even", 2);  // a counter that is called as a reason is
    part.count_filtered(3, "always");
    part.add_row({4, child_of(0, {number}), {}, std::string(100, 'x')});
    put_out += family.absorb(part, 500).size();
  }
  CHECK(put_out > 0);
  CHECK(put_out + family.rows().size() == 10);
  Tally tally(5);
  family.add_to(tally);
  CHECK(tally.nodes[2].out == 30);
  CHECK(tally.nodes[3].filtered == 20);
  CHECK(tally.nodes[3].filter_reasons.at("even") == 5);
  CHECK(tally.nodes[3].filter_reasons.at("always") == 10);
  CHECK(tally.nodes[3].counters == std::map<std::string, std::uint64_t>{{"even", 20}});
  const auto again = Family::decode(family.encode());
  REQUIRE(again.ok());
  Tally of_again(5);
  (*again)->add_to(of_again);
  CHECK(of_again.nodes[3].counters == tally.nodes[3].counters);
  CHECK(of_again.nodes[3].filter_reasons == tally.nodes[3].filter_reasons);
  CHECK(tally.ledger.written == 10);
}
