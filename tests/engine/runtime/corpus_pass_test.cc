// A service's own pass over what a node gives out.
#include "engine/runtime/corpus_pass.h"

#include <atomic>

#include "catch.h"
#include "engine/graph/plan.h"
#include "runtime_fixture.h"
#include "test_components.h"

using namespace rare::engine;
using namespace rare::engine::test;

namespace {

constexpr std::int64_t kWithoutEnd = std::int64_t{1} << 60;
const rare::Json kDefaults = rare::Json::object();

// What is read from here on is observed by this.
struct Passing {
  Passing() {
    environment.control = &control;
    environment.run_folder = folder.path();
    observe_with(&observed);
  }
  std::unique_ptr<rare::RecordStream> open(const Plan& plan, const std::string& node) {
    auto stream = open_corpus_pass(plan, node, environment);
    INFO(stream.status().message());
    REQUIRE(stream.ok());
    return std::move(*stream);
  }

  RunControl control;
  Observed observed;
  rare::testing::ScratchFolder folder;
  Environment environment;
};

// As test.collect keeps them.
std::vector<rare::Json> read_all(rare::RecordStream& stream) {
  std::vector<rare::Json> rows;
  for (;;) {
    auto next = stream.next();
    INFO(next.status().message());
    REQUIRE(next.ok());
    if (!next->has_value()) return rows;
    rows.push_back({{"id", (*next)->id().to_string()}, {"fields", (*next)->fields()}});
  }
}

std::vector<std::string> ids_of(const std::vector<rare::Json>& rows) {
  std::vector<std::string> ids;
  for (const rare::Json& row : rows) ids.push_back(row.at("id"));
  return ids;
}

std::vector<rare::Json> rows_of_pass(const Plan& plan, const std::string& node) {
  Passing passing;
  return read_all(*passing.open(plan, node));
}

// What the sink `result` gets in a run over the same plan.
std::vector<rare::Json> rows_of_run(const Plan& plan) {
  Observed observed;
  MemoryState state;
  require_accounted(run_graph(plan, state, observed));
  return observed.rows["rows"];
}

// Why the pass cannot go on.
rare::Status fault_of(rare::RecordStream& stream) {
  for (;;) {
    auto next = stream.next();
    if (!next.ok()) return next.status();
    REQUIRE(next->has_value());
  }
}

// What test.flood is seen to do.
std::atomic<std::int64_t> given_out{0};
std::atomic<bool> was_refused{false};

// Makes records at its end.
class Flood final : public rare::Operator {
 public:
  static rare::Spec spec() {
    return rare::Spec("test.flood")
        .summary("Makes many.")
        .gather()
        .param(&Flood::count_, "count", 10, "How many.");
  }
  rare::Status process(rare::Record, rare::Output&) override { return rare::Status(); }
  rare::Status finish(rare::Output& out) override {
    for (std::int64_t n = 0; n < count_; ++n) {
      const rare::Status status = out.emit(rare::Record(rare::Json{{"n", n}}));
      was_refused = !status.ok();
      if (!status.ok()) return status;
      ++given_out;
    }
    return rare::Status();
  }

 private:
  std::int64_t count_ = 0;
};

// Fails for all records alike.
class Broken final : public rare::Operator {
 public:
  static rare::Spec spec() { return rare::Spec("test.broken").summary("Is broken."); }
  rare::Status process(rare::Record, rare::Output&) override {
    return rare::Status::run_fault(rare::StatusCode::resource_exhausted, "the disk is full");
  }
};

// numbers -> what is named here, made by hand: components of this file have no place in a pipeline.
class ChainPlan {
 public:
  explicit ChainPlan(const std::vector<std::pair<std::string, rare::Json>>& chain) {
    add_test_components(registry_);
    CollectingRegistrar collector;
    collector.add<Flood>();
    collector.add<Broken>();
    REQUIRE(registry_.add({"here", "1", "here.so", {}, {}}, std::move(collector.components)).ok());
    for (const auto& [use, with] : chain) add(use, with);
  }
  ChainPlan(const ChainPlan&) = delete;
  const Plan& plan() const { return plan_; }

 private:
  void add(const std::string& use, const rare::Json& with) {
    PlannedNode node;
    node.index = static_cast<std::uint32_t>(plan_.nodes.size());
    node.name = "node" + std::to_string(node.index);
    node.use = registry_.find(use);
    for (const rare::ParamSpec& param : node.spec().params()) {
      node.values[param.name] = with.value(param.name, param.default_value);
    }
    if (node.index > 0) {
      PlannedNode& above = plan_.nodes.back();
      above.successors = {{node.index}};
      node.predecessors = {above.index};
      node.level = above.level + (above.gathers() ? 1 : 0);
    }
    plan_.nodes.push_back(std::move(node));
  }

  Registry registry_;
  Plan plan_;
};

const std::string kSources = R"(
name: corpus
order: input
nodes:
  - { name: numbers, use: test.numbers, with: { count: 40, bad_every: 6 } }
  - { name: more, use: test.numbers, with: { count: 25 } }
  - { name: few, use: test.numbers, with: { count: 3 } }
)";

}  // namespace

TEST_CASE("the pass gives what the node gives, with the ids of the run") {
  Passing passing;
  const ChainPlan chain({{"test.numbers", {{"count", 6}, {"bad_every", 4}}},
                         {"test.modulo", {{"by", 2}, {"fail_by", 5}}},
                         {"test.split", {{"into", 2}}},
                         {"test.collect", kDefaults}});
  // 0, 2, 4 are filtered, 3 cannot be read, 1 fails: 5 is left.
  CHECK(ids_of(read_all(*passing.open(chain.plan(), "node1"))) == std::vector<std::string>{"5"});
  CHECK(ids_of(read_all(*passing.open(chain.plan(), "node2"))) ==
        std::vector<std::string>{"5.0", "5.1"});
  CHECK(ids_of(read_all(*passing.open(chain.plan(), "node0"))) ==
        std::vector<std::string>{"0", "1", "2", "4", "5"});
}

TEST_CASE("several sources are read in the order of the run: by ordinal, not one after the other") {
  const TestPlan planned(R"(
nodes:
  - { name: numbers, use: test.numbers, with: { count: 4, bad_every: 2 } }
  - { name: more, use: test.numbers, with: { count: 2 } }
  - { name: target, use: test.pass, from: [more, numbers] }
  - { name: result, use: test.collect }
)");
  const std::vector<rare::Json> rows = rows_of_pass(planned.plan(), "target");
  CHECK(ids_of(rows) == std::vector<std::string>{"0", "more:0", "more:1", "2"});
  CHECK(rows == rows_of_run(planned.plan()));
}

TEST_CASE("whole-set nodes give in the pass what they give in the run, in its order") {
  // Each ends in `target`.
  const std::string nodes = GENERATE(
      // What passes through.
      R"(
  - { name: target, use: test.first, from: [few, numbers, more], with: { by: 7 } }
)",
      // What is kept and given out at the end, and records that it fails on.
      R"(
  - { name: split, use: test.split, from: [more, numbers, few], with: { into: 2 } }
  - { name: target, use: test.sort, with: { fail_by: 5 } }
)",
      // What is made anew.
      R"(
  - { name: target, use: test.total, from: [more, numbers, few] }
)",
      // Levels: the first of equal ones is another in another order.
      R"(
  - { name: split, use: test.split, from: [numbers, few], with: { into: 3 } }
  - { name: sorted, use: test.sort, from: [more, split] }
  - { name: some, use: test.modulo, with: { by: 3, fail_by: 4 } }
  - { name: first, use: test.first, with: { by: 11 } }
  - { name: again, use: test.split, with: { into: 2 } }
  - { name: target, use: test.first, with: { by: 100 } }
)",
      // One behind another that sees the ids and their order.
      R"(
  - { name: first, use: test.first, from: [numbers, more], with: { by: 9 } }
  - { name: split, use: test.split, from: first }
  - { name: target, use: test.total, from: [few, split, more] }
)",
      // Two beside each other, and what is of several levels.
      R"(
  - { name: routed, use: test.route, from: [numbers, more] }
  - { name: sorted, use: test.sort, from: routed.even }
  - { name: first, use: test.first, from: [routed.even, routed.odd], with: { by: 8 } }
  - { name: total, use: test.total, from: [sorted, few] }
  - { name: target, use: test.pass, from: [total, first, few, sorted, routed.odd] }
)");
  CAPTURE(nodes);
  // Whatever no case reads is led to a sink of its own.
  const TestPlan planned(kSources + nodes + R"(
  - { name: result, use: test.collect }
  - { name: rest, use: test.collect, from: [numbers, more, few], with: { name: rest } }
)");
  const std::vector<rare::Json> rows = rows_of_pass(planned.plan(), "target");
  CHECK_FALSE(rows.empty());
  CHECK(rows == rows_of_run(planned.plan()));
}

TEST_CASE("nothing comes in, and a whole-set node of the pass still ends") {
  const ChainPlan chain(
      {{"test.numbers", {{"count", 0}}}, {"test.total", kDefaults}, {"test.collect", kDefaults}});
  CHECK(ids_of(rows_of_pass(chain.plan(), "node1")) == std::vector<std::string>{"node1:0"});
}

TEST_CASE("what fails for all records ends the pass, and its message names the node") {
  Passing passing;
  const ChainPlan at_end({{"test.numbers", {{"count", 5}}},
                          {"test.sort", {{"throw_at_end", true}}},
                          {"test.first", kDefaults}});
  const auto ending = passing.open(at_end.plan(), "node2");
  CHECK(fault_of(*ending).message() == "node 'node1' (test.sort): threw an exception: no end");
  CHECK(fault_of(*ending).message() == "node 'node1' (test.sort): threw an exception: no end");

  const ChainPlan in_source({{"test.numbers", {{"count", 5}, {"fail_at", 3}}},
                             {"test.sort", kDefaults},
                             {"test.first", kDefaults}});
  const rare::Status gone = fault_of(*passing.open(in_source.plan(), "node2"));
  CHECK(gone.message() == "node 'node0' (test.numbers): the input is gone");
  CHECK(gone.code() == rare::StatusCode::unavailable);
  CHECK(gone.fault() == rare::Fault::run);

  const ChainPlan above(
      {{"test.numbers", {{"count", 5}}}, {"test.broken", kDefaults}, {"test.total", kDefaults}});
  CHECK(fault_of(*passing.open(above.plan(), "node2")).message() ==
        "node 'node1' (test.broken): the disk is full");
}

TEST_CASE("what a whole-set node gives out is not held: it goes at the pace of who reads it") {
  Passing passing;
  constexpr std::int64_t kCount = 20'000, kQueuedAtMost = 300;
  given_out = 0;
  const ChainPlan chain({{"test.numbers", {{"count", 5}}}, {"test.flood", {{"count", kCount}}}});
  const auto stream = passing.open(chain.plan(), "node1");
  for (std::int64_t read = 0;; ++read) {
    auto next = stream->next();
    REQUIRE(next.ok());
    if (!next->has_value()) {
      CHECK(read == kCount);
      break;
    }
    if ((*next)->id().to_string() != "node1:" + std::to_string(read)) FAIL("out of order");
    if (given_out > read + kQueuedAtMost) FAIL(given_out << " given out, " << read << " read");
  }
}

TEST_CASE("a pass that is dropped half-way ends its operators where they are") {
  Passing passing;
  SECTION("one gives out") {
    was_refused = false;
    const ChainPlan chain(
        {{"test.numbers", {{"count", 5}}}, {"test.flood", {{"count", kWithoutEnd}}}});
    auto stream = passing.open(chain.plan(), "node1");
    REQUIRE(stream->next().ok());
    stream.reset();
    CHECK(was_refused);
  }
  SECTION("several take in and give out") {
    const ChainPlan chain({{"test.numbers", {{"count", kWithoutEnd}}},
                           {"test.first", {{"by", 1'000'000}}},
                           {"test.first", {{"by", 1'000'000}}}});
    auto stream = passing.open(chain.plan(), "node2");
    for (int i = 0; i < 1000; ++i) REQUIRE(stream->next().ok());
    stream.reset();
  }
  SECTION("one takes in what never becomes anything") {
    const ChainPlan chain({{"test.numbers", {{"count", kWithoutEnd}}},
                           {"test.first", {{"by", 3}}},
                           {"test.first", {{"by", 3}}}});
    auto stream = passing.open(chain.plan(), "node2");
    for (int i = 0; i < 3; ++i) REQUIRE(stream->next().ok());
    stream.reset();
  }
  SECTION("nothing was read") {
    const ChainPlan chain({{"test.numbers", {{"count", kWithoutEnd}}}, {"test.first", kDefaults}});
    passing.open(chain.plan(), "node1").reset();
    CHECK(passing.observed.read == 0);
  }
}

TEST_CASE("a run that is cut cuts its passes, although nothing has come of them yet") {
  Passing passing;
  passing.observed.on_read = [&](std::uint64_t n) {
    if (n == 5000) passing.control.abort();
  };
  const std::string use = GENERATE("test.total", "test.sort");
  const ChainPlan chain(
      {{"test.numbers", {{"count", kWithoutEnd}}}, {use, kDefaults}, {"test.first", kDefaults}});
  const auto stream = passing.open(chain.plan(), "node2");
  CHECK(fault_of(*stream).code() == rare::StatusCode::cancelled);
}
