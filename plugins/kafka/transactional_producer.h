// Messages in transactions: all of one are seen by readers of committed messages, or none.
//
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/kafka/client.h"
#include "plugins/kafka/message_rows.h"

namespace rare::kafka {

// By topic and partition: the first message that is not done.
using GroupOffsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;

class TransactionalProducer {
 public:
  // Ends what an earlier producer of this id left open, which nobody sees then; such a producer
  // that is still there can commit nothing more. Waits for the cluster, for a minute.
  static Result<std::unique_ptr<TransactionalProducer>> open(const ClusterParameters& parameters,
                                                             const std::string& transactional_id,
                                                             const std::string& topic,
                                                             Context& context);
  ~TransactionalProducer();

  Client& client() { return *client_; }
  // Into the transaction under way, or one that begins with it. `header`: the value of the
  // message's header kRunHeader. Waits while librdkafka holds as much as it may.
  Status produce(const MessageRow& row, const std::string& header);
  // Offsets of a consumer group, committed with the transaction under way, or with one that begins
  // with them; nothing where they are those of the last call.
  Status tell(const std::string& group, const GroupOffsets& offsets);
  // All that was produced is committed when this returns. After an error nothing more can be done:
  // what was produced since the last commit is not seen, unless the commit's answer was lost.
  Status commit();
  // Behind the last message that was committed, by partition; of those that got any.
  const std::map<std::int32_t, std::int64_t>& ends() const { return ends_; }

  static constexpr const char* kRunHeader = "rare-run";

 private:
  explicit TransactionalProducer(std::string transactional_id)
      : transactional_id_(std::move(transactional_id)) {}
  static void on_delivered(rd_kafka_t* handle, const rd_kafka_message_t* message, void* self);
  Status begin();
  Status initialise();
  Status flush();
  // What a call gave: OK, try it again (nothing), or the run's fault.
  std::optional<Status> outcome(rd_kafka_error_t* raw, const char* doing);
  Status fault(const std::string& doing, const std::string& why);

  const std::string transactional_id_;
  std::unique_ptr<Client> client_;
  TopicHandle topic_;  // ends before its client
  bool is_open_ = false;
  Status undelivered_;
  std::map<std::int32_t, std::int64_t> ends_;
  GroupOffsets told_;
};

}  // namespace rare::kafka
