#include "plugins/kafka/topic_reader.h"

#include <utility>

namespace rare::kafka {

Result<std::unique_ptr<TopicReader>> TopicReader::open(Client& client, std::vector<Range> ranges,
                                                       Place place) {
  std::unique_ptr<TopicReader> reader(new TopicReader(client, std::move(ranges), std::move(place)));
  reader->topics_.resize(reader->ranges_.size());
  for (std::size_t range = 0; range < reader->ranges_.size(); ++range) {
    if (!reader->has_more(range)) continue;
    if (Status begun = reader->begin(range); !begun) return begun;
  }
  return reader;
}

TopicReader::~TopicReader() {
  for (std::size_t range = 0; range < topics_.size(); ++range) end(range);
}

Status TopicReader::begin(std::size_t range) {
  const Range& read = ranges_[range];
  TopicHandle topic(rd_kafka_topic_new(client_.handle(), read.topic.c_str(), nullptr));
  if (!topic || rd_kafka_consume_start(topic.get(), read.partition, place_.next[range]) != 0) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        "topic '" + read.topic + "' cannot be read: " + rd_kafka_err2str(rd_kafka_last_error()));
  }
  topics_[range] = std::move(topic);
  return Status();
}

void TopicReader::end(std::size_t range) {
  if (!topics_[range]) return;
  rd_kafka_consume_stop(topics_[range].get(), ranges_[range].partition);
  topics_[range].reset();
}

// Whether any range has more; then the turn is one's that has.
bool TopicReader::find_turn() {
  if (ranges_.empty()) return false;
  if (place_.given >= kTurn) {
    place_.turn = (place_.turn + 1) % ranges_.size();
    place_.given = 0;
  }
  for (std::size_t passed = 0; passed < ranges_.size(); ++passed) {
    if (has_more(place_.turn)) return true;
    end(place_.turn);
    place_.turn = (place_.turn + 1) % ranges_.size();
    place_.given = 0;
  }
  return false;
}

Result<MessageHandle> TopicReader::next(int wait_ms) {
  while (find_turn()) {
    const std::size_t turn = place_.turn;
    const Range& range = ranges_[turn];
    MessageHandle message(rd_kafka_consume(topics_[turn].get(), range.partition, wait_ms));
    if (!message) {
      Status fault = client_.fault();
      return fault.ok() ? Status::cancelled() : fault;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // What stands before the end and was not given are marks of transactions.
      if (message->offset >= range.end) place_.next[turn] = range.end;
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Status fault = fault_of(*message);
      if (!fault) return fault;
      continue;
    }
    if (message->offset >= range.end) {
      place_.next[turn] = range.end;
      continue;
    }
    place_.next[turn] = message->offset + 1;
    place_.given += 1;
    return message;
  }
  return MessageHandle();
}

// OK for what librdkafka itself mends.
Status TopicReader::fault_of(const rd_kafka_message_t& message) const {
  const Range& range = ranges_[place_.turn];
  const std::string where =
      "partition " + std::to_string(range.partition) + " of topic '" + range.topic + "'";
  const std::string at = std::to_string(place_.next[place_.turn]);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return Status::run_fault(
          StatusCode::invalid_argument,
          where + ": expected the message at offset " + at +
              ", and the cluster has it no more: retention has removed it, or the topic was made "
              "anew. What is there now is read with --fresh");
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return Status::run_fault(StatusCode::not_found,
                               where + " is gone; put it back, or start with --fresh");
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return Status::run_fault(StatusCode::permission_denied,
                               where + ": the cluster does not let `user` read it");
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      return Status::run_fault(StatusCode::invalid_data,
                               where + ": what stands at offset " + at +
                                   " cannot be unpacked: " + rd_kafka_message_errstr(&message));
    default:
      client_.context().log(LogLevel::warning,
                            where + ": " + rd_kafka_message_errstr(&message) + "; it goes on");
      return Status();
  }
}

}  // namespace rare::kafka
