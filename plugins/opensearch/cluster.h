// Requests to a cluster of OpenSearch or Elasticsearch: where it is, who asks, and what an answer
// means. Sends over an HttpLoop.
//
// Thread-safety: every method may be called from any thread but where it says otherwise.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/net/http_loop.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::opensearch {

struct ClusterOptions {
  std::string service;                // for messages
  std::vector<std::string> base_url;  // of one or more of its nodes
  std::string user, password;         // empty: none
  std::string api_key;                // empty: none
  std::string ca_file;
  std::int64_t timeout_ms = 60'000;  // of one request
  int max_retries = 8;
  int connections = 4;
};

struct ClusterRequest {
  std::string method;
  std::string path;  // with the slash
  std::string body;
  bool lines = false;  // the body is NDJSON
};

struct ClusterAnswer {
  // Not ok() when there is no answer to use: nobody answered, or the cluster refused. Those that
  // repeating cannot mend are run faults.
  Status status;
  int http_status = 0;  // 0: nobody answered
  bool again = false;   // the same request may have an answer later
  bool throttled = false;
  std::optional<std::chrono::milliseconds> retry_after;
  std::string error_type;  // of the cluster's error ("index_not_found_exception"), or empty
  Json body;               // of an answer with status 200 or 201
};

class Cluster {
 public:
  using Done = std::function<void(ClusterAnswer)>;

  // Errors, without the service's name: a URL, user or key that cannot be.
  static Result<std::unique_ptr<Cluster>> make(ClusterOptions options);

  // Sends once. `done` is called on the loop's thread, exactly once unless the loop was stopped
  // before.
  void send(ClusterRequest request, Done done);
  // Sends, again where that may help, and waits. Not from the loop's thread. A request that the
  // cluster may have taken in before its answer was lost is sent again, too. Gives the last answer;
  // its status is cancelled() when `stopped` said so.
  ClusterAnswer ask(const ClusterRequest& request, const std::function<bool()>& stopped);

  // Waits for so long; false when `stopped` said so. Not on the loop's thread.
  static bool rest(std::chrono::milliseconds pause, const std::function<bool()>& stopped);
  // How long to wait before the attempt after `attempts`, of which the last one gave `answer`.
  std::chrono::milliseconds pause_before(int attempts, const ClusterAnswer& answer) const;
  int max_retries() const { return options_.max_retries; }
  // Its URL, with which the messages of answers begin.
  const std::string& name() const { return options_.base_url.front(); }
  // The same with the service named before it; cancelled() as it is.
  Status named(const Status& cause) const;
  // `text` without what only the cluster may know.
  std::string hidden(std::string text) const;

  net::HttpLoop& loop() { return loop_; }
  // Ends what is under way.
  void cancel() { loop_.cancel_transfers(); }
  std::uint64_t retries() const { return retries_; }
  std::uint64_t throttled() const { return throttled_; }
  void count_retry(bool was_throttled) {
    ++retries_;
    if (was_throttled) ++throttled_;
  }

 private:
  explicit Cluster(ClusterOptions options);
  ClusterAnswer answer_of(const ClusterRequest& request, net::HttpResult result) const;
  Status refusal(const ClusterRequest& request, int status, const std::string& said) const;

  const ClusterOptions options_;
  std::vector<std::string> headers_;
  std::vector<std::string> secrets_;
  std::atomic<std::size_t> node_{0};  // of base_url, that is asked next
  std::atomic<std::uint64_t> retries_{0}, throttled_{0};
  net::HttpLoop loop_;
};

// Whether a status means that the cluster was busy, or on its way.
bool may_pass(int http_status);

// Whether each shard of the index had its part in an answer. One of which no copy is there counts
// neither as failed nor as successful.
bool is_of_all_shards(const Json& answer);

// What an error of the cluster says: its type and reason, and those of its first cause.
std::string reason_of(const Json& error);

}  // namespace rare::opensearch
