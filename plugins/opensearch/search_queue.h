// Searches on their way to a cluster: those that wait form `_msearch` batches by themselves, some
// of which are under way at a time. Requests may come before there is an index: they wait.
//
// Thread-safety: every method may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "plugins/opensearch/cluster.h"
#include "plugins/opensearch/index_store.h"
#include "rare/search_index.h"
#include "rare/task.h"

namespace rare::opensearch {

class SearchQueue : public std::enable_shared_from_this<SearchQueue> {
 public:
  using Answer = Completion<Result<SearchHits>>;

  // REQUIRES: the cluster's loop is stopped before the cluster goes.
  static std::shared_ptr<SearchQueue> make(Cluster& cluster, int max_in_flight);

  void submit(SearchRequest request, Answer answer);
  // From now on searches go to `index`. Once.
  void answer_from(StoredIndex index);
  // What waits, and all that comes later, is answered with this error. The first call counts.
  void refuse(const Status& reason);

  std::uint64_t answered() const { return answered_; }

 private:
  struct Waiting {
    SearchRequest request;
    Answer answer;
    int attempts = 0;
  };
  using Batch = std::vector<Waiting>;
  SearchQueue(Cluster& cluster, int max_in_flight)
      : cluster_(cluster), max_in_flight_(max_in_flight) {}

  // All below on the loop's thread.
  void send_what_waits();
  Batch next_batch();
  void send(Batch batch);
  void take(Batch batch, const ClusterAnswer& answer);
  std::optional<Result<SearchHits>> read(const SearchRequest& request, const Json& response) const;
  Result<SearchHits> hits_of(const SearchRequest& request, const Json& response) const;
  void send_again(Batch batch, const ClusterAnswer& answer, const Status& why);
  void give_up(const Batch& batch, const Status& status);

  Cluster& cluster_;
  const std::size_t max_in_flight_;
  std::atomic<std::uint64_t> answered_{0};
  std::deque<Waiting> waiting_;
  std::set<std::shared_ptr<Batch>> resting_;  // until they are sent again
  std::optional<StoredIndex> index_;
  std::optional<Status> refusal_;
  std::size_t in_flight_ = 0;
};

}  // namespace rare::opensearch
