#include "plugins/kafka/write_sink.h"

#include <cstdint>
#include <map>
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

constexpr std::int16_t kAddOffsets = 25;
constexpr std::int16_t kEndTransaction = 26;

// A start of a run: opens at `from`.
class Start {
 public:
  Start(const MockCluster& cluster, const std::optional<Json>& from, Json more = Json::object()) {
    more["transactional_id"] = "writer";
    sink_ = make<WriteSink>(cluster.parameters("out", more));
    std::optional<Offset> committed;
    if (from) committed = Offset{Json::parse(from->dump())};
    opened = sink_->open(context_, committed);
  }
  Status write(const std::vector<std::string>& letters) {
    std::vector<Record> rows;
    for (const std::string& letter : letters) rows.push_back(Record({{"l", letter}}));
    return sink_->write(rows);
  }
  Json synced() {
    Result<Offset> offset = sink_->sync();
    INFO(offset.status().message());
    REQUIRE(offset.ok());
    return offset->token;
  }
  WriteSink& sink() { return *sink_; }

  Status opened;

 private:
  TestContext context_;
  std::unique_ptr<WriteSink> sink_;
};

std::vector<std::string> rows(const std::vector<std::string>& letters) {
  std::vector<std::string> values;
  for (const std::string& letter : letters) values.push_back(R"({"l":")" + letter + "\"}");
  return values;
}

}  // namespace

TEST_CASE("rows that the state does not know of are passed over when they come again") {
  MockCluster cluster;
  cluster.make_topic("out", 2);
  cluster.send("out", rows({"a"}), 1);  // somebody else's
  Json begun;
  {
    Start first(cluster, std::nullopt);
    REQUIRE(first.opened.ok());
    begun = first.synced();
    REQUIRE(first.write({"a", "b", "b", "d"}).ok());
    first.synced();  // and killed before the state has this
  }
  CHECK(begun.at("rows") == 0);
  CHECK(begun.at("next") == Json({1, 0}));
  Json partly;
  {
    Start second(cluster, begun);
    REQUIRE(second.opened.ok());
    REQUIRE(second.write({"d", "b"}).ok());  // in another order
    partly = second.synced();
  }
  CHECK(partly.at("rows") == 2);
  CHECK(partly.at("waiting").size() == 2);
  {
    Start third(cluster, partly);
    REQUIRE(third.opened.ok());
    CHECK(third.sink().finalise().message().find("2 rows that an earlier start committed") == 0);
    REQUIRE(third.write({"c", "b", "a"}).ok());
    const Json done = third.synced();
    CHECK(done.at("rows") == 5);
    CHECK(done.at("waiting").empty());
    CHECK(third.sink().finalise().ok());
  }
  CHECK(cluster.sorted_values("out", 2) == rows({"a", "a", "b", "b", "c", "d"}));
}

TEST_CASE("rows without a byte are told apart from none") {
  MockCluster cluster;
  cluster.make_topic("out", 1);
  const Json more = {{"format", "text"}, {"text_field", "l"}, {"key", "l"}};
  Json begun;
  {
    Start first(cluster, std::nullopt, more);
    begun = first.synced();
    REQUIRE(first.write({"", "x"}).ok());
    first.synced();
  }
  Start second(cluster, begun, more);
  REQUIRE(second.opened.ok());
  REQUIRE(second.write({"", "x"}).ok());
  CHECK(second.synced().at("waiting").empty());
  CHECK(cluster.sorted_values("out", 1) == std::vector<std::string>{"", "x"});
}

TEST_CASE("a group is told where the sources stand, with the rows and not before they came again") {
  MockCluster cluster;
  cluster.make_topic("out", 1);
  const Json more = {{"group", "readers"}};
  const auto standing = [](std::int64_t first, std::int64_t second) {
    const Json of = Json::array({Json::array({"in", 0}), Json::array({"in", 1})});
    return std::map<std::string, Position>{
        {"documents", {Json{{"of", of}, {"next", Json::array({first, second})}}}},
        {"lines", {Json{{"of", "lines"}, {"next", 7}}}}};
  };
  Json begun;
  {
    Start first(cluster, std::nullopt, more);
    begun = first.synced();
    REQUIRE(first.write({"a", "b"}).ok());
    first.sink().sources_at(standing(5, 7));
    first.synced();
  }
  Start second(cluster, begun, more);
  cluster.fail_next(kAddOffsets, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  REQUIRE(second.write({"a"}).ok());
  second.sink().sources_at(standing(3, 4));
  second.synced();  // nobody was told, and so nobody refused
  REQUIRE(second.write({"b"}).ok());
  second.sink().sources_at(standing(5, 8));  // no row more: it was filtered, say
  const Status refused = second.sink().sync().status();
  CHECK(refused.fault() == Fault::run);
  CHECK(refused.message().find("cannot commit the group's offsets") != std::string::npos);
}

TEST_CASE("a topic that was made anew is no output to go on with") {
  MockCluster cluster;
  cluster.make_topic("out", 1);
  const Json more = {{"run", "0"}, {"rows", 9}, {"waiting", Json::object()}};
  Json token = more;
  token["next"] = {9};
  CHECK(Start(cluster, token).opened.message().find("the topic was made anew") !=
        std::string::npos);
  token["next"] = {0, 0, 0};
  CHECK(Start(cluster, token).opened.message().find("and it has 1") != std::string::npos);
  CHECK(Start(cluster, more).opened.message().find("cannot be understood") != std::string::npos);
}

TEST_CASE("a commit that a broker wants again is made again, one that it refuses ends the run") {
  MockCluster cluster;
  cluster.make_topic("out", 1);
  Start start(cluster, std::nullopt);
  REQUIRE(start.opened.ok());
  cluster.fail_next(kEndTransaction, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
  REQUIRE(start.write({"a"}).ok());
  CHECK(start.synced().at("next") == Json({1}));
  cluster.fail_next(kEndTransaction, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
  REQUIRE(start.write({"b"}).ok());
  const Status fenced = start.sink().sync().status();
  CHECK(fenced.fault() == Fault::run);
  CHECK(fenced.code() == StatusCode::unavailable);
  CHECK(fenced.message().find("another writer with `transactional_id: writer` has begun since") !=
        std::string::npos);
}

TEST_CASE("rows are values with keys, or say why they are none") {
  MockCluster cluster;
  cluster.make_topic("out", 1);
  const auto row = [&](Json more, Record record) {
    more["transactional_id"] = "writer";
    return make<WriteSink>(cluster.parameters("out", more))->encode(record);
  };
  const auto encoded = row({{"key", "k"}, {"fields", {"b", "a"}}},
                           Record({{"a", 1}, {"b", "x"}, {"k", 7}, {"c", nullptr}}));
  REQUIRE(encoded.ok());
  CHECK(*unpack_row(*encoded).key == "7");
  CHECK(unpack_row(*encoded).value == R"({"b":"x","a":1})");
  const auto keyless = row(Json::object(), Record({{"a", 1}}));
  REQUIRE(keyless.ok());
  CHECK_FALSE(unpack_row(*keyless).key);
  const auto empty_key = row({{"key", "k"}}, Record({{"k", ""}}));
  REQUIRE(empty_key.ok());
  CHECK(unpack_row(*empty_key).key == "");
  CHECK(row({{"key", "k"}}, Record({{"a", 1}})).status().fault() == Fault::record);
  CHECK(row({{"fields", {"z"}}}, Record({{"a", 1}})).status().fault() == Fault::record);
  CHECK(row({{"format", "text"}}, Record({{"text", 1}})).status().fault() == Fault::record);
  CHECK(row(Json::object(), Record({{"a", std::string(1000000, 'x')}}))
            .status()
            .message()
            .find("raise `message.max.bytes`") != std::string::npos);
}

}  // namespace rare::kafka
