// A cluster of one broker inside of the test, of librdkafka's own. It takes transactions, and shows
// what was aborted, too.
//
// Thread-safety: one thread at a time. Ownership: ends with itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "rare/json.h"

namespace rare::kafka::testing {

class MockCluster {
 public:
  MockCluster();
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  void make_topic(const std::string& name, int partitions);
  // Value number n goes to partition n % partitions.
  void send(const std::string& topic, const std::vector<std::string>& values, int partitions);
  // Of all partitions, sorted.
  std::vector<std::string> sorted_values(const std::string& topic, int partitions);
  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  // The next request of this kind gets this answer.
  void fail_next(std::int16_t request, rd_kafka_resp_err_t answer) {
    rd_kafka_mock_push_request_errors(cluster_, request, 1, answer);
  }
  // Parameters of a component for this cluster, with `more`.
  Json parameters(const std::string& topic, const Json& more = Json::object()) const;

 private:
  rd_kafka_t* client_;
  rd_kafka_mock_cluster_t* cluster_;
};

}  // namespace rare::kafka::testing
