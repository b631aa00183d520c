#include "engine/observe/stall.h"

#include "catch.h"

using namespace rare::engine;

namespace {

ProgressSnapshot at(double elapsed_s, std::uint64_t finished) {
  ProgressSnapshot snapshot;
  snapshot.elapsed_s = elapsed_s;
  snapshot.read = 100;
  snapshot.finished = finished;
  NodeProgress& questions = snapshot.nodes.emplace_back();
  questions.name = "questions";
  questions.in_flight = questions.parallelism = 8;
  NodeProgress& negatives = snapshot.nodes.emplace_back();
  negatives.name = "negatives";
  negatives.parked = 12;
  ServiceProgress& corpus = snapshot.services.emplace_back();
  corpus.name = "corpus";
  corpus.activity = "building the index: 63%";
  return snapshot;
}

}  // namespace

TEST_CASE("a run that stands is explained after a minute, then after twice as long") {
  StallWatch watch;
  CHECK_FALSE(watch.look(at(5, 10)));
  CHECK_FALSE(watch.look(at(64, 10)));
  CHECK(
      watch.look(at(65, 10)) ==
      "nothing has moved for 60 s: questions holds 8 of 8; 12 records for negatives wait on disk; "
      "corpus: building the index: 63%");
  CHECK_FALSE(watch.look(at(66, 10)));
  CHECK_FALSE(watch.look(at(124, 10)));
  CHECK(watch.look(at(125, 10))->starts_with("nothing has moved for 120 s: "));
}

TEST_CASE("that it goes on again is said once, where it was said that it stands") {
  StallWatch watch;
  CHECK_FALSE(watch.look(at(0, 10)));
  CHECK_FALSE(watch.look(at(50, 11)));
  CHECK_FALSE(watch.look(at(100, 12)));
  CHECK(watch.look(at(160, 12)));
  CHECK(watch.look(at(170, 13)) == "records move again, after 70 s");
  // Twice the longest pause is no longer than usual.
  CHECK_FALSE(watch.look(at(171, 14)));
  CHECK_FALSE(watch.look(at(310, 14)));
  CHECK(watch.look(at(311, 14)));
}

TEST_CASE("a call that is answered is a movement") {
  StallWatch watch;
  for (int minute = 0; minute < 10; ++minute) {
    ProgressSnapshot snapshot = at(59 * minute, 10);
    snapshot.services[0].calls = static_cast<std::uint64_t>(minute);
    CHECK_FALSE(watch.look(snapshot));
  }
}

TEST_CASE("a run in which nobody holds anything says so") {
  CHECK(what_is_held(ProgressSnapshot()) == "no node holds a record");
}
