// An adapter that loses or doubles a record cannot make a run that looks good: it ends with exit
// code 1 and says what is off. This program brings a broken adapter of its own, which the linker
// takes instead of the engine's, so that the engine needs no hook to be broken by.
#include <fstream>
#include <string>
#include <utility>

#include "catch.h"
#include "engine/runtime/run.h"
#include "engine/runtime/sink_node.h"
#include "runtime_fixture.h"
#include "scratch_folder.h"

namespace rare::engine {
namespace {

enum class Defect { none, swallows, doubles };
Defect defect = Defect::none;

constexpr std::uint64_t kVictim = 5;

}  // namespace

// The same as in engine/runtime/sink_node.cc, but for one record.
SinkNode::SinkNode(Flow& flow, const PlannedNode& node, const Sink& sink, bool keeps_records)
    : flow_(flow),
      node_(node),
      sink_(sink),
      encodes_(false),
      keeps_records_(keeps_records),
      body_(flow.graph(), oneapi::tbb::flow::unlimited, [this](const Message& train) {
        take(*train);
        return oneapi::tbb::flow::continue_msg();
      }) {}

void SinkNode::take(Train& train) {
  Departures departures(flow_);
  for (Envelope& envelope : train) {
    const bool victim = envelope.record.id().ordinal() == kVictim;
    if (victim && defect == Defect::swallows) continue;
    if (victim && defect == Defect::doubles) {
      envelope.family->add_row(
          {node_.index, envelope.record.id(), envelope.record.share(), std::string()});
    }
    (void)sink_.accept(envelope.record);
    flow_.write(node_, std::move(envelope), std::nullopt, departures);
  }
}

}  // namespace rare::engine

using namespace rare::engine;
using namespace rare::engine::test;
using Catch::Matchers::Contains;

namespace {

std::string pipeline(const std::string& order) {
  return "name: broken\norder: " + order + R"(
nodes:
  - { name: numbers, use: test.numbers, with: { count: 50 } }
  - { name: left, use: test.pass, from: numbers }
  - { name: joined, use: test.pass, from: left, parallelism: 4 }
  - { name: result, use: test.collect, from: joined }
)";
}

struct Ended {
  int code;
  rare::Json manifest;
};

Ended run_with(Defect now, const std::string& order) {
  defect = now;
  const rare::testing::ScratchFolder folder;
  Observed observed;
  observe_with(&observed);
  const TestPlan planned(pipeline(order));
  RunSettings settings;
  settings.state_folder = folder / "state";
  settings.reply_file = folder / "replies.db";
  settings.threads = 8;
  const int code = run_pipeline(planned.plan(), settings);
  std::ifstream manifest(folder / "state/manifest.json");
  return {code, rare::Json::parse(manifest)};
}

}  // namespace

TEST_CASE("a record that an adapter swallows ends the run with exit code 1") {
  const std::string order = GENERATE("input", "any");
  CAPTURE(order);
  const Ended ended = run_with(Defect::swallows, order);
  CHECK(ended.code == kExitFailed);
  CHECK(ended.manifest.at("status") == "failed");
  const std::string fault = ended.manifest.at("fault");
  CHECK_THAT(fault, Contains("the ledger is off: 50 records were begun, 49 finished, 0 abandoned"));
}

TEST_CASE("a record that an adapter doubles ends the run with exit code 1") {
  const std::string order = GENERATE("input", "any");
  CAPTURE(order);
  const Ended ended = run_with(Defect::doubles, order);
  CHECK(ended.code == kExitFailed);
  const std::string fault = ended.manifest.at("fault");
  CHECK_THAT(fault,
             Contains("the ledger of record 5 is off: 1 read is not 2 written (1 too many)"));
}

TEST_CASE("the same adapter without its defect ends well") {
  const Ended ended = run_with(Defect::none, "input");
  CHECK(ended.code == kExitDone);
  CHECK(ended.manifest.at("records").at("written") == 50);
}
