#include "mock_cluster.h"

#include <algorithm>

#include "catch.h"
#include "plugins/kafka/read_source.h"
#include "rare/testing/harness.h"

namespace rare::kafka::testing {
namespace {

rd_kafka_t* producer_at(const std::string& brokers) {
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  char why[512];
  if (!brokers.empty()) {
    rd_kafka_conf_set(configuration, "bootstrap.servers", brokers.c_str(), why, sizeof why);
  }
  rd_kafka_conf_set(configuration, "log_level", "0", why, sizeof why);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, why, sizeof why);
  REQUIRE(client != nullptr);
  return client;
}

}  // namespace

MockCluster::MockCluster()
    : client_(producer_at("")), cluster_(rd_kafka_mock_cluster_new(client_, 1)) {}

MockCluster::~MockCluster() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(client_);
}

void MockCluster::make_topic(const std::string& name, int partitions) {
  rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
}

void MockCluster::send(const std::string& topic, const std::vector<std::string>& values,
                       int partitions) {
  rd_kafka_t* producer = producer_at(brokers());
  TopicHandle to(rd_kafka_topic_new(producer, topic.c_str(), nullptr));
  int number = 0;
  for (const std::string& value : values) {
    REQUIRE(rd_kafka_produce(to.get(), number++ % partitions, RD_KAFKA_MSG_F_COPY,
                             const_cast<char*>(value.data()), value.size(), nullptr, 0,
                             nullptr) == 0);
  }
  REQUIRE(rd_kafka_flush(producer, 60000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  to.reset();
  rd_kafka_destroy(producer);
}

std::vector<std::string> MockCluster::sorted_values(const std::string& topic, int partitions) {
  rare::testing::TestContext context;
  ClusterParameters parameters;
  parameters.brokers = {brokers()};
  auto client = Client::make(parameters, ClientKind(), context);
  REQUIRE(client.ok());
  std::vector<TopicReader::Range> ranges;
  TopicReader::Place place;
  for (int partition = 0; partition < partitions; ++partition) {
    std::int64_t begin = 0, end = 0;
    REQUIRE(rd_kafka_query_watermark_offsets((*client)->handle(), topic.c_str(), partition, &begin,
                                             &end, 60000) == RD_KAFKA_RESP_ERR_NO_ERROR);
    ranges.push_back({topic, partition, begin, end});
    place.next.push_back(begin);
  }
  auto reader = TopicReader::open(**client, ranges, place);
  REQUIRE(reader.ok());
  std::vector<std::string> values;
  for (;;) {
    const Result<MessageHandle> message = (*reader)->next(100);
    if (!message) continue;
    if (!*message) break;
    values.emplace_back(static_cast<const char*>((*message)->payload), (*message)->len);
  }
  std::sort(values.begin(), values.end());
  return values;
}

Json MockCluster::parameters(const std::string& topic, const Json& more) const {
  Json all = more;
  all["brokers"] = Json::array({brokers()});
  all["topic"] = topic;
  return all;
}

}  // namespace rare::kafka::testing
