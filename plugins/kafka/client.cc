#include "plugins/kafka/client.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace rare::kafka {
namespace {

struct FreeConfiguration {
  void operator()(rd_kafka_conf_t* configuration) const { rd_kafka_conf_destroy(configuration); }
};
using Configuration = std::unique_ptr<rd_kafka_conf_t, FreeConfiguration>;

// What `settings` must not say: what places, transactions and order rest on.
constexpr std::array kDecidedHere = {"bootstrap.servers",     "metadata.broker.list",
                                     "transactional.id",      "group.id",
                                     "enable.idempotence",    "acks",
                                     "request.required.acks", "enable.partition.eof",
                                     "enable.auto.commit",    "enable.auto.offset.store",
                                     "auto.offset.reset",     "isolation.level",
                                     "security.protocol",     "sasl.mechanism",
                                     "sasl.mechanisms",       "sasl.username",
                                     "ssl.ca.location"};

Status wrong(std::string message) {
  return Status::run_fault(StatusCode::invalid_argument, std::move(message));
}

Status set(rd_kafka_conf_t* configuration, const std::string& name, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), why.data(), why.size()) ==
      RD_KAFKA_CONF_OK) {
    return Status();
  }
  return wrong("librdkafka does not take the setting `" + name + "`: " + why.data());
}

Status set_more(rd_kafka_conf_t* configuration, const Json& settings) {
  if (!settings.is_object()) {
    return wrong("settings: expected a map of librdkafka's settings, came " + settings.dump());
  }
  for (const auto& [name, value] : settings.items()) {
    if (std::find(kDecidedHere.begin(), kDecidedHere.end(), name) != kDecidedHere.end()) {
      return wrong("settings: `" + name +
                   "` is decided by this component or has a parameter of its own: take it out");
    }
    if (name.find("password") != std::string::npos || name.find("secret") != std::string::npos ||
        name == "ssl.key.pem") {
      return wrong("settings: `" + name +
                   "` is a secret, and what stands in `settings` is kept with the run: use the "
                   "parameter `password`, or a file (`ssl.key.location`)");
    }
    if (!value.is_primitive() || value.is_null()) {
      return wrong("settings: expected a text, number or boolean for `" + name + "`, came " +
                   value.dump());
    }
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (Status taken = set(configuration, name, text); !taken) return taken;
  }
  return Status();
}

Status set_all(rd_kafka_conf_t* configuration, const ClusterParameters& parameters,
               const ClientKind& kind) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"bootstrap.servers", parameters.described()},
      {"security.protocol", parameters.security},
      {"log.connection.close", "false"}};
  if (parameters.security.starts_with("sasl")) {
    all.emplace_back("sasl.mechanism", parameters.mechanism);
    all.emplace_back("sasl.username", parameters.user);
    all.emplace_back("sasl.password", parameters.password);
  } else if (!parameters.user.empty()) {
    return wrong("user: expected `security: sasl_ssl` or `sasl_plaintext` for a login, came " +
                 parameters.security);
  }
  if (!parameters.ca_file.empty()) all.emplace_back("ssl.ca.location", parameters.ca_file);
  if (kind.type == RD_KAFKA_CONSUMER) {
    const char* isolation = kind.sees_open_transactions ? "read_uncommitted" : "read_committed";
    all.insert(all.end(), {{"isolation.level", isolation},
                           {"enable.partition.eof", "true"},
                           {"enable.auto.commit", "false"},
                           {"enable.auto.offset.store", "false"},
                           {"auto.offset.reset", "error"}});
  }
  if (!kind.group.empty()) all.emplace_back("group.id", kind.group);
  if (!kind.transactional_id.empty()) all.emplace_back("transactional.id", kind.transactional_id);
  Status status = set(configuration, "client.id", "rare-engine");
  // How long a broker keeps a question open for which it has nothing: also until an end is noticed.
  const bool reads = kind.type == RD_KAFKA_CONSUMER;
  if (status.ok() && reads) status = set(configuration, "fetch.wait.max.ms", "100");
  if (status.ok()) status = set_more(configuration, parameters.settings);
  for (const auto& [name, value] : all) {
    if (status.ok()) status = set(configuration, name, value);
  }
  return status;
}

}  // namespace

std::string ClusterParameters::described() const {
  std::string text;
  for (const std::string& broker : brokers) text += (text.empty() ? "" : ",") + broker;
  return text;
}

Result<std::unique_ptr<Client>> Client::make(const ClusterParameters& parameters,
                                             const ClientKind& kind, Context& context) {
  Configuration configuration(rd_kafka_conf_new());
  if (Status status = set_all(configuration.get(), parameters, kind); !status) return status;
  std::unique_ptr<Client> client(new Client(kind, context));
  rd_kafka_conf_set_opaque(configuration.get(), client.get());
  rd_kafka_conf_set_log_cb(configuration.get(), log);
  rd_kafka_conf_set_error_cb(configuration.get(), on_error);
  if (kind.delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(configuration.get(), on_delivery);
  std::array<char, 512> why{};
  client->handle_ = rd_kafka_new(kind.type, configuration.get(), why.data(), why.size());
  if (client->handle_ == nullptr)
    return wrong("librdkafka cannot begin: " + std::string(why.data()));
  (void)configuration.release();  // the client's now
  return client;
}

Client::~Client() {
  if (handle_ != nullptr) rd_kafka_destroy(handle_);
}

// From librdkafka's own threads, any time. Level 3 is an error, 4 a warning, as syslog counts.
void Client::log(const rd_kafka_t* handle, int level, const char* /*facility*/, const char* text) {
  auto* self = static_cast<Client*>(rd_kafka_opaque(handle));
  self->context_.log(level <= 4 ? LogLevel::warning : LogLevel::debug, text);
}

// From rd_kafka_poll().
void Client::on_error(rd_kafka_t* handle, int code, const char* reason, void* opaque) {
  auto* self = static_cast<Client*>(opaque);
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED: {
      const std::lock_guard lock(self->mutex_);
      self->fault_ = Status::run_fault(
          StatusCode::permission_denied,
          std::string("the cluster refuses this client: ") + reason +
              "; check `security`, `user`, `password`, and what the user may do there");
      break;
    }
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      self->context_.log(LogLevel::warning,
                         std::string("no broker answers; it is waited for (") + reason + ")");
      break;
    default:
      break;  // told by log(), or by the call that failed
  }
  (void)handle;
}

void Client::on_delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* opaque) {
  auto* self = static_cast<Client*>(opaque);
  self->kind_.delivered(handle, message, self->kind_.owner);
}

Status Client::fault() {
  rd_kafka_poll(handle_, 0);
  const std::lock_guard lock(mutex_);
  return fault_;
}

}  // namespace rare::kafka
