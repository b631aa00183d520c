#include "plugins/kafka/read_source.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "mock_cluster.h"
#include "rare/testing/harness.h"

namespace rare::kafka {
namespace {

using rare::testing::make;
using rare::testing::TestContext;
using testing::MockCluster;

std::vector<std::string> numbers(int first, int end) {
  std::vector<std::string> values;
  for (int n = first; n < end; ++n) values.push_back("{\"n\":" + std::to_string(n) + "}");
  return values;
}

struct Reading {
  std::vector<int> records;  // n of each, -1 for one that could not be read
  std::vector<Json> positions;
};

// What a start gives that begins at `position`, where an earlier one read what `earlier` says.
Reading read(const Json& parameters, const std::optional<Json>& position = std::nullopt,
             std::optional<Json>* earlier = nullptr, bool takes_more = true) {
  TestContext context;
  const std::unique_ptr<ReadSource> source = make<ReadSource>(parameters);
  if (earlier != nullptr && *earlier) source->follow(**earlier, takes_more);
  std::optional<Position> from;
  if (position) from = Position{Json::parse(position->dump())};
  const Status opened = source->open(context, from);
  INFO(opened.message());
  REQUIRE(opened.ok());
  if (earlier != nullptr) *earlier = Json::parse(source->identity()->dump());
  Reading reading;
  for (;;) {
    const Json before = source->position().token;
    const Result<std::optional<Record>> next = source->next();
    if (!next && next.status().code() == StatusCode::cancelled) continue;
    reading.positions.push_back(before);
    if (next && !*next) return reading;
    if (!next) {
      REQUIRE(next.status().fault() == Fault::record);
      REQUIRE(next.status().raw());
    }
    reading.records.push_back(next ? (*next)->fields().at("n").get<int>() : -1);
  }
}

}  // namespace

TEST_CASE("a source goes on at each of its positions, over what came in between") {
  MockCluster cluster;
  cluster.make_topic("in", 3);
  std::vector<std::string> values = numbers(0, 400);
  values[77] = "{";
  cluster.send("in", values, 3);
  const Json parameters = cluster.parameters("in");
  std::optional<Json> earlier;
  const Reading first = read(parameters, std::nullopt, &earlier);
  REQUIRE(first.records.size() == 400);
  // Partitions take turns.
  CHECK(first.records[0] == 0);
  CHECK(first.records[63] == 63 * 3);
  CHECK(first.records[64] == 1);

  cluster.send("in", numbers(400, 500), 3);
  std::optional<Json> same = earlier;
  CHECK(read(parameters, std::nullopt, &same, false).records == first.records);
  CHECK(same == earlier);
  const Reading all = read(parameters, std::nullopt, &earlier);
  REQUIRE(all.records.size() == 500);
  CHECK(std::vector<int>(all.records.begin(), all.records.begin() + 400) == first.records);
  CHECK(earlier->at("ends").size() == 2);
  for (const std::size_t at : {0, 1, 63, 64, 65, 200, 399, 400, 401, 470, 500}) {
    std::optional<Json> known = earlier;
    const Reading rest = read(parameters, all.positions[at], &known);
    CHECK(rest.records == std::vector<int>(all.records.begin() + static_cast<std::ptrdiff_t>(at),
                                           all.records.end()));
    CHECK(known == earlier);
  }
}

TEST_CASE("some partitions, from the end of what there is") {
  MockCluster cluster;
  cluster.make_topic("in", 3);
  cluster.send("in", numbers(0, 30), 3);
  CHECK(read(cluster.parameters("in", {{"partitions", {1}}})).records.size() == 10);
  const Json parameters = cluster.parameters("in", {{"partitions", {0, 2}}, {"from", "end"}});
  std::optional<Json> earlier;
  CHECK(read(parameters, std::nullopt, &earlier).records.empty());
  cluster.send("in", numbers(30, 36), 3);
  CHECK(read(parameters, std::nullopt, &earlier).records == std::vector<int>{30, 33, 32, 35});
}

TEST_CASE("a source whose topic was made anew says so") {
  MockCluster cluster;
  cluster.make_topic("in", 1);
  cluster.send("in", numbers(0, 5), 1);
  TestContext context;
  const auto open = [&](const Json& earlier, const std::optional<Json>& position) {
    const std::unique_ptr<ReadSource> source = make<ReadSource>(cluster.parameters("in"));
    source->follow(earlier, true);
    std::optional<Position> from;
    if (position) from = Position{*position};
    return source->open(context, from);
  };
  const Json part = {{"topic", "in"}, {"partition", 0}, {"begin", 0}};
  const Status shorter = open({{"partitions", Json::array({part})}, {"ends", {{9}}}}, std::nullopt);
  CHECK(shorter.fault() == Fault::run);
  CHECK(shorter.message().find("had read up to offset 9, and it ends at 5") != std::string::npos);
  const Status odd = open({{"partitions", 7}}, std::nullopt);
  CHECK(odd.message().find("cannot be understood") != std::string::npos);
  const Json earlier = {{"partitions", Json::array({part})}, {"ends", {{5}}}};
  CHECK(open(earlier, Json{{"stretch", 0}}).code() == StatusCode::invalid_argument);
  const Json beyond = {{"stretch", 4}, {"next", {0}}, {"turn", 0}, {"given", 0}};
  CHECK(open(earlier, beyond).code() == StatusCode::invalid_argument);
}

}  // namespace rare::kafka
