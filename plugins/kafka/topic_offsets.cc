#include "plugins/kafka/topic_offsets.h"

#include <chrono>
#include <thread>

namespace rare::kafka {
namespace {

constexpr auto kWaitForAnswer = std::chrono::seconds(60);
constexpr int kAtOnce_ms = 2000;
constexpr auto kBetweenTries = std::chrono::milliseconds(100);

// Asks until there is an answer other than that somebody is away. `ask` gives librdkafka's code.
template <class Ask>
Status asked(Client& client, const std::string& what, const Ask& ask) {
  const auto until = std::chrono::steady_clock::now() + kWaitForAnswer;
  for (;;) {
    const rd_kafka_resp_err_t code = ask();
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Status();
    if (Status fault = client.fault(); !fault) return fault;
    if (client.is_stopped()) {
      return Status::run_fault(StatusCode::cancelled, "the run is stopping");
    }
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
      return Status::run_fault(StatusCode::not_found,
                               what +
                                   ": the cluster has none; check the name, or make it "
                                   "(kafka-topics.sh --create)");
    }
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
        code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
        code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
      return Status::run_fault(StatusCode::permission_denied,
                               what + ": the cluster does not let this client see it (" +
                                   rd_kafka_err2str(code) + "); check `user`, and what it may do");
    }
    std::this_thread::sleep_for(kBetweenTries);
    if (std::chrono::steady_clock::now() > until) {
      return Status::run_fault(StatusCode::unavailable,
                               what + ": no broker has answered for a minute (" +
                                   rd_kafka_err2str(code) + "); check `brokers`, and start again");
    }
  }
}

struct FreeMetadata {
  void operator()(const struct rd_kafka_metadata* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};

}  // namespace

Result<std::int32_t> partitions_of(Client& client, const std::string& topic) {
  const TopicHandle handle(rd_kafka_topic_new(client.handle(), topic.c_str(), nullptr));
  std::int32_t partitions = 0;
  const Status status = asked(client, "topic '" + topic + "'", [&] {
    const struct rd_kafka_metadata* found = nullptr;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(client.handle(), 0, handle.get(), &found, kAtOnce_ms);
    const std::unique_ptr<const struct rd_kafka_metadata, FreeMetadata> metadata(found);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    if (metadata->topic_cnt != 1) return RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    partitions = metadata->topics[0].partition_cnt;
    return metadata->topics[0].err;
  });
  if (!status.ok()) return status;
  return partitions;
}

Result<Reach> reach_of(Client& client, const std::string& topic, std::int32_t partition) {
  Reach reach;
  const Status status =
      asked(client, "partition " + std::to_string(partition) + " of topic '" + topic + "'", [&] {
        return rd_kafka_query_watermark_offsets(client.handle(), topic.c_str(), partition,
                                                &reach.begin, &reach.end, kAtOnce_ms);
      });
  if (!status.ok()) return status;
  return reach;
}

Result<std::optional<std::int64_t>> committed_of(Client& client, const std::string& topic,
                                                 std::int32_t partition) {
  const PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t* const place =
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  const Status status = asked(client, "the group's offset in topic '" + topic + "'", [&] {
    const rd_kafka_resp_err_t code = rd_kafka_committed(client.handle(), list.get(), kAtOnce_ms);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? place->err : code;
  });
  if (!status.ok()) return status;
  if (place->offset < 0) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(place->offset);
}

}  // namespace rare::kafka
