#include "engine/observe/record_tap.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "engine/observe/live_run.h"
#include "engine/observe/run_history.h"

using namespace rare::engine;
using rare::Json;
using rare::Record;
using rare::RecordId;

namespace {

using Ports = std::vector<std::vector<std::string>>;
const Ports kOnePort{std::vector<std::string>{"out"}};
const Ports kTwoPorts{std::vector<std::string>{"out", "left"}};

Record record_of(std::uint64_t ordinal, Json fields) {
  Record record(std::move(fields));
  record.set_id(RecordId(0, nullptr, ordinal));
  return record;
}

ProgressSnapshot moment(double elapsed_s, std::uint64_t done, std::int64_t in_flight) {
  ProgressSnapshot now;
  now.elapsed_s = elapsed_s;
  now.read = now.finished = done;
  NodeProgress node;
  node.name = "ask";
  node.parallelism = 4;
  node.done = done;
  node.in_flight = in_flight;
  now.nodes = {node};
  return now;
}

LiveRun::Facts facts_of_one_node() {
  LiveRun::Facts facts;
  facts.run = {{"nodes", {{{"name", "ask"}, {"kind", "async"}}}}};
  facts.nodes = {"ask"};
  facts.ports = kTwoPorts;
  facts.services_of = {std::vector<std::string>{"teacher"}};
  return facts;
}

std::string status_of(const LiveRun& run) {
  const auto progress = run.progress();
  REQUIRE(progress);
  return progress->at("nodes").at("ask").at("status");
}

}  // namespace

TEST_CASE("a tap is closed until somebody asks, and gives what came since with its port and id") {
  RecordTap tap(kTwoPorts);
  CHECK_FALSE(tap.is_open(0));
  CHECK(tap.take(0, RecordTap::kAllPorts, 0).samples.empty());
  REQUIRE(tap.is_open(0));
  tap.passed(0, 1, record_of(17, {{"text", "pepper"}}));
  const auto all = tap.take(0, RecordTap::kAllPorts, 0);
  REQUIRE(all.samples.size() == 1);
  CHECK(all.samples[0].id == "17");
  CHECK(all.samples[0].port == 1);
  CHECK(all.samples[0].record == R"({"text":"pepper"})");
  CHECK(all.last == 1);
  CHECK(tap.take(0, 0, 0).samples.empty());
  CHECK(tap.take(0, 1, 1).samples.empty());
}

TEST_CASE("of many records few are taken, and all are counted") {
  RecordTap tap(kOnePort);
  tap.take(0, RecordTap::kAllPorts, 0);
  const Record record = record_of(1, {{"n", 1}});
  for (int i = 0; i < 100'000; ++i) tap.passed(0, 0, record);
  const auto taken = tap.take(0, RecordTap::kAllPorts, 0);
  CHECK(taken.passed == 100'000);
  CHECK(taken.samples.size() >= 1);
  CHECK(taken.samples.size() <= RecordTap::kKept);
}

TEST_CASE("of a long record comes the beginning, whole characters of it") {
  RecordTap tap(kOnePort);
  tap.take(0, RecordTap::kAllPorts, 0);
  std::string text;
  while (text.size() < 2 * RecordTap::kMostBytes) text += "\u00e9";
  tap.passed(0, 0, record_of(1, {{"text", text}}));
  const auto taken = tap.take(0, RecordTap::kAllPorts, 0);
  REQUIRE(taken.samples.size() == 1);
  CHECK(taken.samples[0].is_cut);
  CHECK(taken.samples[0].record.size() <= RecordTap::kMostBytes);
  CHECK(taken.samples[0].record.ends_with("\u00e9"));
}

TEST_CASE("eight threads pass records while two look") {
  RecordTap tap(kOnePort);
  tap.take(0, RecordTap::kAllPorts, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&tap] {
      const Record record = record_of(1, {{"n", 1}});
      for (int i = 0; i < 5'000; ++i) {
        if (tap.is_open(0)) tap.passed(0, 0, record);
      }
    });
  }
  std::set<std::uint64_t> seen;
  for (std::uint64_t after = 0, look = 0; look < 50; ++look) {
    const auto taken = tap.take(0, RecordTap::kAllPorts, after);
    for (const auto& sample : taken.samples) CHECK(seen.insert(sample.number).second);
    after = taken.last;
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(tap.take(0, RecordTap::kAllPorts, 0).passed == 40'000);
}

TEST_CASE("a history of any length has a bounded number of points, from the beginning to now") {
  RunHistory history;
  for (int second = 0; second < 10'000; ++second) history.add(moment(second, second, 0));
  const Json points = history.to_json(-1)["points"];
  CHECK(points.size() <= RunHistory::kMostPoints);
  CHECK(points.size() >= RunHistory::kMostPoints / 2);
  CHECK(points.front()["elapsed_s"] == 0.0);
  CHECK(points.back()["elapsed_s"].get<double>() > 9'900);
  CHECK(points.back()["nodes"][0].get<int>() > 9'900);
  const double last = points.back()["elapsed_s"];
  CHECK(history.to_json(last)["points"].empty());
  CHECK(history.to_json(last - 0.5)["points"].size() == 1);
}

TEST_CASE("a run says of each node whether it is busy, starved, blocked or idle") {
  LiveRun run;
  CHECK_FALSE(run.progress());
  run.begin(facts_of_one_node());
  CHECK_FALSE(run.progress());  // nothing was looked at yet
  run.look(moment(0, 0, 0), "running");
  CHECK(status_of(run) == "idle");
  const auto looks = [&run](std::uint64_t more_done, std::int64_t in_flight) {
    static double at = 0;
    static std::uint64_t done = 0;
    for (int i = 0; i < 10; ++i) run.look(moment(++at, done += more_done, in_flight), "running");
  };
  looks(5, 4);
  CHECK(status_of(run) == "busy");
  looks(5, 1);
  CHECK(status_of(run) == "starved");
  looks(0, 4);
  CHECK(status_of(run) == "blocked");
  looks(0, 0);
  CHECK(status_of(run) == "idle");
}

TEST_CASE("nodes and ports that there are not are refused with those that there are") {
  LiveRun run;
  CHECK_FALSE(run.samples("ask", "", 0));
  run.begin(facts_of_one_node());
  CHECK(run.samples("ask", "left", 0));
  CHECK(run.samples("ask", "right", 0).status().message() ==
        "node 'ask' has no port 'right'; it has out, left");
  CHECK(run.samples("tell", "", 0).status().message() == "there is no node 'tell'; there are ask");
}
