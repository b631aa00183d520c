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
  NodeProgress documents, questions;
  documents.name = "documents";
  documents.done = 1200;
  questions.name = "questions";
  questions.in_flight = 8;
  questions.parallelism = 16;
  questions.done = 1100;
  questions.dead = 3;
  now.nodes = {documents, questions};
  ServiceProgress corpus, teacher;
  corpus.name = "corpus";
  corpus.activity = "building the index: 63%";
  teacher.name = "teacher";
  teacher.calls = 2100;
  teacher.prompt_tokens = 54321;
  now.services = {corpus, teacher};
  return now;
}

}  // namespace

TEST_CASE("a line says what is done, by whom, at what cost and what is waited for") {
  CHECK(progress_line(snapshot(), Pace()) ==
        "0:01:15: 1,000 of 1,200 records read are finished (42% of input read), 3 dead | questions "
        "1,100 done, 8/16 | corpus: building the index: 63% | teacher: 2,100 calls, 54,321 tokens");
}

TEST_CASE("a line says the present rate, and when it will end") {
  Pace pace;
  for (int second = 0; second <= 20; ++second) {
    ProgressSnapshot then = snapshot();
    then.elapsed_s = second;
    then.finished = then.read = 100 * static_cast<std::uint64_t>(second);
    then.input_share = second / 100.0;
    pace.add(then);
  }
  CHECK(progress_line(snapshot(), pace)
            .starts_with("0:01:15: 1,000 of 1,200 records read are finished, 100/s (42% of input "
                         "read, 1 min left), 3 dead"));
}

TEST_CASE("records that wait on disk are said, where there are any") {
  ProgressSnapshot now = snapshot();
  NodeProgress negatives;
  negatives.name = "negatives";
  negatives.in_flight = negatives.parallelism = 4;
  negatives.parked = 12'000;
  now.nodes.push_back(negatives);
  CHECK(progress_line(now, Pace()).find("| negatives 0 done, 4/4, 12,000 wait on disk |") !=
        std::string::npos);
  const auto nodes = rare::Json::parse(progress_json(now, Pace()))["nodes"];
  CHECK(nodes["negatives"]["parked"] == 12'000);
  CHECK_FALSE(nodes["questions"].contains("parked"));
}

TEST_CASE("the JSON form is one object a line") {
  const std::string text = progress_json(snapshot(), Pace());
  CHECK(text.find('\n') == std::string::npos);
  const auto json = rare::Json::parse(text);
  CHECK(json["finished"] == 1000);
  CHECK(json["nodes"]["questions"]["in_flight"] == 8);
  CHECK(json["nodes"]["questions"]["dead"] == 3);
  CHECK(json["services"]["teacher"]["calls"] == 2100);
  CHECK(json["services"]["corpus"]["activity"] == "building the index: 63%");
  CHECK_FALSE(json.contains("left_s"));
}

TEST_CASE("styles by name") {
  CHECK(progress_style("auto", true) == ProgressStyle::bar);
  CHECK(progress_style("auto", false) == ProgressStyle::plain);
  CHECK(progress_style("none", true) == ProgressStyle::none);
  CHECK_FALSE(progress_style("loud", true));
}

TEST_CASE("a run is looked at each second, whether or not anything is printed") {
  for (const ProgressStyle style : {ProgressStyle::none, ProgressStyle::plain}) {
    ProgressPrinter printer(style);
    const auto start = std::chrono::steady_clock::now();
    CHECK(printer.due(start));
    printer.look(snapshot(), start);
    CHECK_FALSE(printer.due(start + std::chrono::milliseconds(900)));
    CHECK(printer.due(start + std::chrono::seconds(1)));
  }
}
