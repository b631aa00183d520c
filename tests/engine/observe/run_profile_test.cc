#include "engine/observe/run_profile.h"

#include <string>

#include "catch.h"

using namespace rare::engine;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using rare::RecordId;
using rare::Status;
using std::chrono::milliseconds;

namespace {

const Status kOk;

NodeVisit visit_of(const RecordId* id, milliseconds duration, milliseconds running) {
  NodeVisit visit;
  visit.node = 1;
  visit.id = id;
  visit.begin = WorkClock::time_point() + milliseconds(5000);
  visit.end = visit.begin + duration;
  visit.cpu = visit.running = running;
  visit.status = &kOk;
  return visit;
}

// With one space in the place of several.
std::string closed_up(const std::string& text) {
  std::string closed;
  for (const char c : text) {
    if (c != ' ' || closed.empty() || closed.back() != ' ') closed += c;
  }
  return closed;
}

}  // namespace

TEST_CASE("a profile adds up what records cost in each node and names the slowest") {
  RunProfile profile({"read", "ask"});
  for (std::uint64_t i = 0; i < 40; ++i) {
    const RecordId id(0, nullptr, i);
    ModelCall call;
    call.begin = WorkClock::time_point() + milliseconds(5000);
    call.end = call.begin + milliseconds(i);
    NodeVisit visit = visit_of(&id, milliseconds(i), milliseconds(0));
    visit.calls = {&call, 1};
    profile.visited(visit);
  }
  const RecordId id(0, nullptr, 50);
  profile.visited(visit_of(&id, milliseconds(35), milliseconds(5)));
  profile.visited(visit_of(nullptr, milliseconds(4000), milliseconds(4000)));
  const std::string text = closed_up(profile.text(2.5));
  CHECK_THAT(text, StartsWith("profile of 2.50 s, with 4.00 s of CPU time in nodes\n"));
  // 39 * 40 / 2 ms and 30 ms; work for no record counts as no record, and as no slow one.
  CHECK_THAT(text, Contains("\n read 0 - - - - - - - -\n"));
  CHECK_THAT(
      text, Contains("\n ask 41 4.00 s 97.7 ms 4.00 s 810.0 ms 19.8 ms 40 19.5 ms 39.0 ms (39)\n"));
  CHECK_THAT(text, Contains("\n 39 ask 39.0 ms 39.0 ms\n 38 ask 38.0 ms"));
  CHECK_THAT(text, Contains("\n 50 ask 35.0 ms 30.0 ms\n"));
  CHECK_THAT(text, Contains("\n 31 ask"));
  CHECK_THAT(text, !Contains("\n 30 ask"));
}
