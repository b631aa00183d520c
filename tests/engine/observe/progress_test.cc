#include "engine/observe/progress.h"

#include "catch.h"
#include "rare/json.h"

using namespace rare::engine;

namespace {
ProgressSnapshot snapshot() {
  ProgressSnapshot now;
  now.elapsed_s = 75;
  now.read = 1200;
  now.finished = 1000;
  now.dead = 3;
  now.input_share = 0.42;
  now.calls = 2100;
  now.tokens = 54321;
  now.nodes = {{"questions", 8, 16, 1100}};
  now.activities = {"corpus: building the index: 63%"};
  return now;
}
}  // namespace

TEST_CASE("a line says what is done, by whom, at what cost and what is waited for") {
  CHECK(progress_line(snapshot()) ==
        "0:01:15: 1,000 of 1,200 records read are finished (42% of input read), 3 dead | questions "
        "1,100 done, 8/16 | 2,100 calls, 54,321 tokens | corpus: building the index: 63%");
}

TEST_CASE("records that wait on disk are said, where there are any") {
  ProgressSnapshot now = snapshot();
  now.nodes.push_back({"negatives", 4, 4, 0, 12'000});
  CHECK(progress_line(now).find("| negatives 0 done, 4/4, 12,000 wait on disk |") !=
        std::string::npos);
  CHECK(rare::Json::parse(progress_json(now))["nodes"]["negatives"]["parked"] == 12'000);
  CHECK_FALSE(rare::Json::parse(progress_json(now))["nodes"]["questions"].contains("parked"));
}

TEST_CASE("the JSON form is one object a line") {
  const auto json = rare::Json::parse(progress_json(snapshot()));
  CHECK(json["finished"] == 1000);
  CHECK(json["nodes"]["questions"]["in_flight"] == 8);
}

TEST_CASE("styles by name") {
  CHECK(progress_style("auto", true) == ProgressStyle::bar);
  CHECK(progress_style("auto", false) == ProgressStyle::plain);
  CHECK(progress_style("none", true) == ProgressStyle::none);
  CHECK_FALSE(progress_style("loud", true));
}

TEST_CASE("plain lines are ten seconds apart") {
  ProgressPrinter printer(ProgressStyle::plain);
  const auto start = std::chrono::steady_clock::now();
  CHECK(printer.due(start));
  printer.print(snapshot(), start);
  CHECK_FALSE(printer.due(start + std::chrono::seconds(9)));
  CHECK(printer.due(start + std::chrono::seconds(10)));
  CHECK_FALSE(ProgressPrinter(ProgressStyle::none).due(start));
}
