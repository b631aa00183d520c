// Clients of a Kafka cluster: how they are set up, and what they tell of their connections.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "rare/context.h"
#include "rare/json.h"
#include "rare/spec.h"
#include "rare/status.h"

namespace rare::kafka {

struct FreeTopic {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
struct FreeError {
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
struct FreeMessage {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
struct FreePartitionList {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
struct FreeGroupMetadata {
  void operator()(rd_kafka_consumer_group_metadata_t* group) const {
    rd_kafka_consumer_group_metadata_destroy(group);
  }
};
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, FreeTopic>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, FreeError>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, FreePartitionList>;
using GroupMetadata = std::unique_ptr<rd_kafka_consumer_group_metadata_t, FreeGroupMetadata>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, FreeMessage>;

// What every component of this plugin is told of its cluster.
struct ClusterParameters {
  std::vector<std::string> brokers;
  std::string security = "plaintext", mechanism = "PLAIN", user, password, ca_file;
  Json settings = Json::object();

  // As messages name the cluster.
  std::string described() const;
};

// Which kind of client. A producer's `transactional_id` makes it one of transactions.
struct ClientKind {
  rd_kafka_type_t type = RD_KAFKA_CONSUMER;
  std::string transactional_id;
  // Of a consumer: also what is not committed. The end of a partition is then that of all messages,
  // and else stands before the first transaction that is open.
  bool sees_open_transactions = false;
  void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr;
  void* owner = nullptr;  // what `delivered` gets, as the last argument
  std::string group{};    // of a consumer that asks for its offsets
};

// A client with its threads. What goes wrong with its connections is told by the component's log as
// it comes; what no waiting mends (rejected credentials) is kept in fault().
//
// Thread-safety: as librdkafka's, any thread. Ownership: ends its threads with itself; the context
// outlives it.
class Client {
 public:
  static Result<std::unique_ptr<Client>> make(const ClusterParameters& parameters,
                                              const ClientKind& kind, Context& context);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* handle() const { return handle_; }
  Context& context() const { return context_; }
  // A run fault once the cluster has refused this client; also serves what the client has to say.
  Status fault();
  // Whether the run is being cut short.
  bool is_stopped() const { return context_.stop_token().stop_requested(); }

 private:
  Client(const ClientKind& kind, Context& context) : context_(context), kind_(kind) {}
  static void log(const rd_kafka_t* handle, int level, const char* facility, const char* text);
  static void on_error(rd_kafka_t* handle, int code, const char* reason, void* self);
  static void on_delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* self);

  Context& context_;
  const ClientKind kind_;
  rd_kafka_t* handle_ = nullptr;
  std::mutex mutex_;
  Status fault_;
};

// Declares the parameters of ClusterParameters, which T derives from.
template <class T>
void declare_cluster(Spec& spec) {
  spec.required_param(static_cast<std::vector<std::string> T::*>(&ClusterParameters::brokers),
                      "brokers", "HOST:PORT of one of the cluster's brokers, or several.")
      .or_single()
      .no_effect_on_result();
  const auto text = [](std::string ClusterParameters::*member) {
    return static_cast<std::string T::*>(member);
  };
  spec.param(text(&ClusterParameters::security), "security", "plaintext",
             "How brokers are talked to: with TLS or without, and with a login (sasl) or without.")
      .choices({"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"})
      .no_effect_on_result()
      .param(text(&ClusterParameters::mechanism), "mechanism", "PLAIN", "How a login is proven.")
      .choices({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})
      .no_effect_on_result()
      .param(text(&ClusterParameters::user), "user", "", "For a login; empty: none.")
      .no_effect_on_result()
      .param(text(&ClusterParameters::password), "password", "", "The user's password.")
      .secret()
      .param(text(&ClusterParameters::ca_file), "ca_file", "",
             "A file of certificates (PEM) to trust with TLS; empty: those of the system.")
      .input_path()
      .no_effect_on_result()
      .param(static_cast<Json T::*>(&ClusterParameters::settings), "settings", Json::object(),
             "More settings of librdkafka by their names, such as `{compression.type: zstd}`; not "
             "what this component decides itself. No place for secrets.")
      .no_effect_on_result();
}

}  // namespace rare::kafka
