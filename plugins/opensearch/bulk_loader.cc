#include "plugins/opensearch/bulk_loader.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "plugins/opensearch/index_store.h"

namespace rare::opensearch {
namespace {

// Large enough that requests cost nothing beside their texts, far below what clusters take.
constexpr std::size_t kBulkBytes = std::size_t{4} << 20;
constexpr std::size_t kBulkItems = 2000;
constexpr std::chrono::milliseconds kLookAgainForStop{50};
constexpr int kConflict = 409;  // it is there: an earlier attempt brought it in

// What an item's answer holds beside its action ("create").
const Json* outcome_of(const Json& item) {
  return item.is_object() && !item.empty() ? &item.begin().value() : nullptr;
}

}  // namespace

// What requests under way need, also when the loader is gone.
struct BulkLoader::Shared : std::enable_shared_from_this<BulkLoader::Shared> {
  struct Bulk {
    std::vector<std::string> items;
    int attempts = 0;  // in a row that brought nothing in
  };

  Shared(Cluster& to, std::string name) : cluster(to), index(std::move(name)) {}

  void send(Bulk bulk) {
    if (abandoned) return;
    ++bulk.attempts;
    ClusterRequest request;
    request.method = "POST";
    request.path = "/" + index + "/_bulk?filter_path=errors,items.*.status,items.*.error";
    request.lines = true;
    for (const std::string& item : bulk.items) request.body += item;
    cluster.send(std::move(request),
                 [self = shared_from_this(), bulk = std::move(bulk)](ClusterAnswer answer) mutable {
                   self->take(std::move(bulk), answer);
                 });
  }

  // On the loop's thread, as what follows.
  void take(Bulk bulk, const ClusterAnswer& answer) {
    if (!answer.status.ok()) {
      if (!answer.again) return end(answer.status);
      return send_again(std::move(bulk), answer, answer.status);
    }
    try {
      take_items(std::move(bulk), answer);
    } catch (const Json::exception& error) {
      end(Status::run_fault(StatusCode::invalid_data,
                            cluster.name() +
                                ": _bulk was answered with what is none of a "
                                "cluster's answers: " +
                                cluster.hidden(error.what())));
    }
  }

  void take_items(Bulk bulk, const ClusterAnswer& answer) {
    const Json items = answer.body.value("items", Json::array());
    if (!answer.body.value("errors", false)) return end(Status());
    if (items.size() != bulk.items.size()) {
      return end(Status::run_fault(StatusCode::invalid_data,
                                   cluster.name() + ": _bulk was asked for " +
                                       std::to_string(bulk.items.size()) +
                                       " documents and told of " + std::to_string(items.size())));
    }
    std::vector<std::string> rejected;
    Status why;
    ClusterAnswer busy;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Json* outcome = outcome_of(items[i]);
      const int status = outcome == nullptr ? 0 : outcome->value("status", 0);
      if ((status >= 200 && status < 300) || status == kConflict) continue;
      why = rejection(bulk.items[i], status, outcome);
      if (!may_pass(status)) return end(why);
      busy.throttled = busy.throttled || status == 429;
      rejected.push_back(std::move(bulk.items[i]));
    }
    if (rejected.empty()) return end(Status());
    if (rejected.size() < bulk.items.size()) bulk.attempts = 1;
    bulk.items = std::move(rejected);
    send_again(std::move(bulk), busy, why);
  }

  Status rejection(const std::string& item, int status, const Json* outcome) const {
    const std::string said =
        outcome == nullptr ? "" : reason_of(outcome->value("error", Json::object()));
    return Status::run_fault(may_pass(status) ? StatusCode::unavailable : StatusCode::invalid_data,
                             cluster.name() + ": the document " + item.substr(0, item.find('\n')) +
                                 " was refused with " + std::to_string(status) + ", " +
                                 cluster.hidden(said));
  }

  void send_again(Bulk bulk, const ClusterAnswer& answer, const Status& why) {
    if (bulk.attempts > cluster.max_retries()) return end(why);
    cluster.count_retry(answer.throttled);
    const auto at = net::HttpLoop::Clock::now() + cluster.pause_before(bulk.attempts, answer);
    const auto kept = std::make_shared<Bulk>(std::move(bulk));
    cluster.loop().schedule(at,
                            [self = shared_from_this(), kept] { self->send(std::move(*kept)); });
  }

  void end(const Status& status) {
    const std::lock_guard lock(mutex);
    --in_flight;
    if (failure.ok()) failure = status;
    changed.notify_all();
  }

  Cluster& cluster;
  const std::string index;
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> abandoned{false};  // nobody waits any more: nothing else is sent
  int in_flight = 0;
  Status failure;
};

BulkLoader::BulkLoader(Cluster& cluster, std::string index, int max_in_flight,
                       std::function<bool()> stopped)
    : shared_(std::make_shared<Shared>(cluster, std::move(index))),
      max_in_flight_(max_in_flight),
      stopped_(std::move(stopped)) {}

BulkLoader::~BulkLoader() { shared_->abandoned = true; }

Status BulkLoader::add(std::uint64_t ordinal, std::string_view text, std::string_view id) {
  Json document{{kTextField, text}, {kOrdinalField, ordinal}};
  if (!id.empty()) document[kIdField] = id;
  std::string item = "{\"create\":{\"_id\":\"" + std::to_string(ordinal) + "\"}}\n" +
                     document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  ++documents_;
  bytes_ += item.size();
  items_.push_back(std::move(item));
  return bytes_ >= kBulkBytes || items_.size() >= kBulkItems ? hand_over() : Status();
}

Status BulkLoader::wait_below(int requests) {
  std::unique_lock lock(shared_->mutex);
  while (shared_->failure.ok() && shared_->in_flight >= requests) {
    if (stopped_()) return Status::cancelled();
    shared_->changed.wait_for(lock, kLookAgainForStop);
  }
  return shared_->failure;
}

Status BulkLoader::hand_over() {
  if (Status status = wait_below(max_in_flight_); !status.ok()) return status;
  {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->in_flight;
  }
  shared_->send({std::exchange(items_, {}), 0});
  bytes_ = 0;
  return Status();
}

Status BulkLoader::finish() {
  Status status = items_.empty() ? Status() : hand_over();
  return status.ok() ? wait_below(1) : status;
}

}  // namespace rare::opensearch
