#include "engine/observe/record_traces.h"

#include <set>
#include <string>
#include <vector>

#include "catch.h"

using namespace rare::engine;
using rare::RecordId;
using rare::Status;

namespace {

const Status kPassed;

struct Taken {
  std::vector<Span> spans;
  RecordTraces traces;

  explicit Taken(double share = 1, std::uint64_t nonce = 7)
      : traces({.nodes = {"read", "sort", "ask"},
                .sources = 1,
                .is_source = {true, false, false},
                .share = share,
                .nonce = nonce,
                .take = [this](std::vector<Span> more) {
                  spans.insert(spans.end(), more.begin(), more.end());
                }}) {}
  void visit(std::uint32_t node, const RecordId& id) {
    NodeVisit visit;
    visit.node = node;
    visit.id = &id;
    visit.begin = WorkClock::now();
    visit.end = visit.begin + std::chrono::microseconds(1);
    visit.status = &kPassed;
    traces.visited(visit);
  }
};

}  // namespace

TEST_CASE("the same records are sampled in each start, about as many as the share says") {
  std::set<std::uint64_t> sampled[2];
  std::set<std::uint64_t> of_one_start;
  for (const std::uint64_t start : {0, 1}) {
    Taken taken(0.1, start + 1);
    for (std::uint64_t i = 0; i < 4000; ++i) {
      const RecordId id(0, nullptr, i);
      const std::size_t before = taken.spans.size();
      taken.visit(0, id);
      taken.visit(2, id.child({0, 0, true}));
      taken.traces.ended(id, 0, false);
      if (taken.spans.size() == before) continue;
      CHECK(taken.spans.size() == before + 3);
      sampled[start].insert(i);
      of_one_start.insert(taken.spans[before].trace_low);
    }
  }
  CHECK(sampled[0] == sampled[1]);
  CHECK(sampled[0].size() > 300);
  CHECK(sampled[0].size() < 500);
  CHECK(of_one_start.size() == 2 * sampled[0].size());  // other traces each time
}

TEST_CASE("all that comes of a source record hangs on one span, whichever comes first") {
  Taken taken;
  const RecordId id(0, nullptr, 3);
  taken.visit(0, id);
  taken.visit(2, id.child({1, 0, true}));
  taken.traces.ended(id, 2, false);
  REQUIRE(taken.spans.size() == 3);
  const Span& root = taken.spans.back();
  CHECK(root.parent == 0);
  CHECK(root.failed);
  CHECK(root.begin_unix_ns == taken.spans.front().begin_unix_ns);
  std::set<std::uint64_t> ids;
  for (const Span& span : taken.spans) {
    ids.insert(span.id);
    CHECK(span.trace_low == root.trace_low);
    if (span.id != root.id) CHECK(span.parent == root.id);
  }
  CHECK(ids.size() == 3);
}

TEST_CASE("a record that a whole-set node made has a trace; one that passed through ends once") {
  Taken taken;
  const RecordId passed(0, nullptr, 3), made(1, nullptr, 0);
  taken.visit(0, passed);
  taken.traces.ended(passed, 0, false);
  taken.visit(2, passed);
  taken.traces.ended(RecordId(1, nullptr, 5), 0, false);  // its family on the next level
  CHECK(taken.spans.size() == 3);
  taken.visit(2, made);
  taken.traces.ended(made, 0, false);
  REQUIRE(taken.spans.size() == 5);
  CHECK(taken.spans[3].parent == taken.spans[4].id);
}
