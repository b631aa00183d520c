#include "plugins/kafka/transactional_producer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace rare::kafka {
namespace {

constexpr int kStep_ms = 1000;
constexpr auto kWaitForTransactions = std::chrono::seconds(60);
// For a cluster that does not answer while the run is being cut short.
constexpr auto kAfterStop = std::chrono::seconds(10);

using Clock = std::chrono::steady_clock;

}  // namespace

Result<std::unique_ptr<TransactionalProducer>> TransactionalProducer::open(
    const ClusterParameters& parameters, const std::string& transactional_id,
    const std::string& topic, Context& context) {
  std::unique_ptr<TransactionalProducer> producer(new TransactionalProducer(transactional_id));
  const ClientKind kind{RD_KAFKA_PRODUCER, transactional_id, false, on_delivered, producer.get()};
  Result<std::unique_ptr<Client>> client = Client::make(parameters, kind, context);
  if (!client) return client.status();
  producer->client_ = std::move(*client);
  producer->topic_.reset(rd_kafka_topic_new(producer->client_->handle(), topic.c_str(), nullptr));
  if (!producer->topic_) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "topic '" + topic + "': " + rd_kafka_err2str(rd_kafka_last_error()));
  }
  if (Status ready = producer->initialise(); !ready) return ready;
  return producer;
}

// A transaction left open ends by the cluster's time limit; until then readers of committed
// messages wait.
TransactionalProducer::~TransactionalProducer() {
  if (!client_) return;
  if (is_open_) {
    rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    const ErrorHandle ignored(rd_kafka_abort_transaction(client_->handle(), 2 * kStep_ms));
  }
}

Status TransactionalProducer::initialise() {
  const auto until = Clock::now() + kWaitForTransactions;
  for (;;) {
    rd_kafka_error_t* const error = rd_kafka_init_transactions(client_->handle(), 2 * kStep_ms);
    const std::string why = error == nullptr ? "" : rd_kafka_error_string(error);
    if (std::optional<Status> done = outcome(error, "begin")) return *done;
    if (client_->is_stopped())
      return Status::run_fault(StatusCode::cancelled, "the run is stopping");
    if (Clock::now() > until) {
      return Status::run_fault(StatusCode::unavailable,
                               "no broker has taken up transactions for a minute (" + why +
                                   "); check `brokers`, and start again");
    }
  }
}

Status TransactionalProducer::begin() {
  if (is_open_) return Status();
  const ErrorHandle error(rd_kafka_begin_transaction(client_->handle()));
  if (error) return fault("begin a transaction", rd_kafka_error_string(error.get()));
  is_open_ = true;
  return Status();
}

Status TransactionalProducer::produce(const MessageRow& row, const std::string& header) {
  if (Status begun = begin(); !begun) return begun;
  std::array<rd_kafka_vu_t, 6> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic_.get();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem.ptr = const_cast<char*>(row.value.data());
  parts[2].u.mem.size = row.value.size();
  parts[3].vtype = RD_KAFKA_VTYPE_HEADER;
  parts[3].u.header.name = kRunHeader;
  parts[3].u.header.val = header.data();
  parts[3].u.header.size = static_cast<ssize_t>(header.size());
  std::size_t count = 4;
  if (row.key) {
    parts[4].vtype = RD_KAFKA_VTYPE_KEY;
    parts[4].u.mem.ptr = const_cast<char*>(row.key->data());
    parts[4].u.mem.size = row.key->size();
    count = 5;
  }
  for (;;) {
    const ErrorHandle error(rd_kafka_produceva(client_->handle(), parts.data(), count));
    if (!error) return Status();
    if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return fault("write a message", rd_kafka_error_string(error.get()));
    }
    if (client_->is_stopped())
      return Status::run_fault(StatusCode::cancelled, "the run is stopping");
    rd_kafka_poll(client_->handle(), 100);
  }
}

void TransactionalProducer::on_delivered(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message,
                                         void* owner) {
  auto* self = static_cast<TransactionalProducer*>(owner);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (self->undelivered_.ok()) {
      self->undelivered_ = Status(StatusCode::unavailable, rd_kafka_message_errstr(message));
    }
    return;
  }
  std::int64_t& end = self->ends_[message->partition];
  end = std::max(end, message->offset + 1);
}

// Each message is delivered, or its time is over (message.timeout.ms).
Status TransactionalProducer::flush() {
  std::optional<Clock::time_point> stopped;
  while (rd_kafka_flush(client_->handle(), kStep_ms) == RD_KAFKA_RESP_ERR__TIMED_OUT) {
    if (Status refused = client_->fault(); !refused) return refused;
    if (client_->is_stopped() && !stopped) stopped = Clock::now();
    if (stopped && Clock::now() - *stopped > kAfterStop) {
      return fault("write messages", "the cluster does not answer");
    }
  }
  return undelivered_.ok() ? Status() : fault("write messages", undelivered_.message());
}

Status TransactionalProducer::tell(const std::string& group, const GroupOffsets& offsets) {
  if (offsets == told_) return Status();
  if (Status begun = begin(); !begun) return begun;
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [place, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(), place.second)->offset =
        offset;
  }
  const GroupMetadata metadata(rd_kafka_consumer_group_metadata_new(group.c_str()));
  const auto until = Clock::now() + kWaitForTransactions;
  for (;;) {
    rd_kafka_error_t* const error = rd_kafka_send_offsets_to_transaction(
        client_->handle(), list.get(), metadata.get(), 5 * kStep_ms);
    const std::string why = error == nullptr ? "" : rd_kafka_error_string(error);
    const std::optional<Status> done = outcome(error, "commit the group's offsets");
    if (done && done->ok()) told_ = offsets;
    if (done) return *done;
    if (client_->is_stopped() || Clock::now() > until) {
      return fault("commit the group's offsets", why);
    }
  }
}

Status TransactionalProducer::commit() {
  if (!is_open_) return Status();
  if (Status flushed = flush(); !flushed) return flushed;
  std::optional<Clock::time_point> stopped;
  for (;;) {
    rd_kafka_error_t* const error = rd_kafka_commit_transaction(client_->handle(), 5 * kStep_ms);
    if (error == nullptr) is_open_ = false;
    if (std::optional<Status> done = outcome(error, "commit a transaction")) return *done;
    if (client_->is_stopped() && !stopped) stopped = Clock::now();
    if (stopped && Clock::now() - *stopped > kAfterStop) {
      return fault("commit a transaction", "the cluster does not answer");
    }
  }
}

std::optional<Status> TransactionalProducer::outcome(rd_kafka_error_t* raw, const char* doing) {
  const ErrorHandle error(raw);
  if (!error) return Status();
  if (Status refused = client_->fault(); !refused) return refused;
  const bool is_lost = rd_kafka_error_is_fatal(error.get()) != 0 ||
                       rd_kafka_error_txn_requires_abort(error.get()) != 0;
  if (!is_lost && rd_kafka_error_is_retriable(error.get()) != 0) return std::nullopt;
  return fault(doing, rd_kafka_error_string(error.get()));
}

// Rows since the last commit are not kept for another attempt: nothing says that they are done, so
// the next start makes them again, from stored replies.
Status TransactionalProducer::fault(const std::string& doing, const std::string& why) {
  std::array<char, 512> text{};
  const rd_kafka_resp_err_t fatal =
      rd_kafka_fatal_error(client_->handle(), text.data(), text.size());
  if (fatal == RD_KAFKA_RESP_ERR__FENCED || fatal == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
      fatal == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH) {
    is_open_ = false;
    return Status::run_fault(
        StatusCode::unavailable,
        "cannot " + doing + ": another writer with `transactional_id: " + transactional_id_ +
            "` has begun since, or this one was silent for longer than transaction.timeout.ms. Let "
            "each node of each pipeline have an id of its own, end the other one, and start again: "
            "no message is lost or written twice");
  }
  return Status::run_fault(
      StatusCode::unavailable,
      "cannot " + doing + ": " + why +
          (fatal == RD_KAFKA_RESP_ERR_NO_ERROR ? std::string()
                                               : std::string(" (") + text.data() + ")") +
          "; look after the cluster and start again: no message is lost or "
          "written twice");
}

}  // namespace rare::kafka
