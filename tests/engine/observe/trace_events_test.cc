#include "engine/observe/trace_events.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "rare/json.h"

using namespace rare::engine;
using rare::Json;
using rare::RecordId;
using rare::Status;
using std::chrono::microseconds;

namespace {

const Status kFine;

// `begin_us` after now.
NodeVisit at(std::uint32_t node, const RecordId* id, int begin_us, int duration_us) {
  static const WorkClock::time_point base = WorkClock::now() + std::chrono::seconds(1);
  NodeVisit visit;
  visit.node = node;
  visit.id = id;
  visit.begin = base + microseconds(begin_us);
  visit.end = visit.begin + microseconds(duration_us);
  visit.status = &kFine;
  return visit;
}

std::vector<Json> events_of(const TraceEvents& trace, const std::string& phases) {
  const Json all = Json::parse(trace.json("test", "1"));
  std::vector<Json> found;
  for (const Json& event : all.at("traceEvents")) {
    if (phases.find(event.at("ph").get<std::string>()) != phases.npos) found.push_back(event);
  }
  return found;
}

const std::vector<TraceEvents::Node> kNodes{{"read \"it\"", false}, {"ask", true}};

}  // namespace

TEST_CASE("records that are worked on at once get tracks of their own, which are used again") {
  TraceEvents trace(kNodes);
  for (const auto& [begin_us, duration_us] : {std::pair(0, 10), {5, 10}, {10, 10}, {16, 1}}) {
    const RecordId id(0, nullptr, static_cast<std::uint64_t>(begin_us));
    trace.visited(at(0, &id, begin_us, duration_us));
  }
  std::map<std::string, int> tracks;
  for (const Json& event : events_of(trace, "X")) {
    tracks[event.at("name")] = event.at("tid");
    CHECK(event.at("pid") == 1);
  }
  CHECK(tracks == std::map<std::string, int>{{"0", 1}, {"5", 2}, {"10", 1}, {"16", 2}});
  std::set<std::string> names;
  for (const Json& event : events_of(trace, "M")) {
    if (event.at("name") == "thread_name") names.insert(event.at("args").at("name"));
  }
  CHECK(names == std::set<std::string>{"read \"it\"", "read \"it\" 2", "ask"});
}

TEST_CASE("model calls lie in the slice of their record; those asked at once beside it") {
  TraceEvents trace(kNodes);
  const RecordId id(0, nullptr, 7);
  NodeVisit visit = at(1, &id, 0, 100);
  std::vector<ModelCall> calls(3);
  const std::vector<std::pair<int, int>> times{{10, 20}, {40, 80}, {50, 90}};
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i].service = "teacher";
    calls[i].begin = visit.begin + microseconds(times[i].first);
    calls[i].end = visit.begin + microseconds(times[i].second);
  }
  calls[1].status = Status(rare::StatusCode::unavailable, "gone");
  visit.calls = calls;
  trace.visited(visit);
  std::map<std::string, std::vector<std::string>> by_id;
  std::string error;
  for (const Json& event : events_of(trace, "be")) {
    by_id[event.at("id")].push_back(event.at("ph").get<std::string>() + " " +
                                    event.at("name").get<std::string>());
    if (event.contains("args")) error += event.at("args").value("error", "");
  }
  CHECK(by_id.at("1") == std::vector<std::string>{"b ask", "b teacher", "e teacher", "b teacher",
                                                  "e teacher", "e ask"});
  CHECK(by_id.at("2") == std::vector<std::string>{"b teacher", "e teacher"});
  CHECK(error == "gone");
}

TEST_CASE("of a long run every so many-th source record is kept, over the whole of its time") {
  TraceEvents trace(kNodes, 64);
  for (int i = 0; i < 1000; ++i) {
    const RecordId id(0, nullptr, static_cast<std::uint64_t>(i));
    trace.visited(at(0, &id, 10 * i, 5));
  }
  const std::vector<Json> kept = events_of(trace, "X");
  CHECK(trace.stride() == 16);
  CHECK(trace.left_out() == 0);
  CHECK(kept.size() == 63);
  for (const Json& event : kept) CHECK(std::stoi(event.at("name").get<std::string>()) % 16 == 0);
  CHECK(Json::parse(trace.json("test", "1")).at("otherData").at("kept") ==
        "1 of 16 source records");
}

TEST_CASE("one source record with more than there is room for is cut, and that is counted") {
  TraceEvents trace(kNodes, 64);
  const RecordId id(0, nullptr, 0);
  for (int i = 0; i < 100; ++i) trace.visited(at(0, &id, 10 * i, 5));
  CHECK(events_of(trace, "X").size() == 64);
  CHECK(trace.left_out() == 36);
}

TEST_CASE("work for no single record is kept where it is long") {
  TraceEvents trace(kNodes);
  trace.visited(at(0, nullptr, 0, 900));
  trace.visited(at(0, nullptr, 1000, 1100));
  const std::vector<Json> kept = events_of(trace, "X");
  REQUIRE(kept.size() == 1);
  CHECK(kept.front().at("name") == "all records");
}
