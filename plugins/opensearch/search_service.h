// bm25.opensearch: the search index of a corpus on a cluster of OpenSearch or Elasticsearch.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "plugins/corpus/corpus_source.h"
#include "plugins/corpus/corpus_texts.h"
#include "plugins/opensearch/cluster.h"
#include "plugins/opensearch/index_store.h"
#include "plugins/opensearch/search_queue.h"
#include "rare/context.h"
#include "rare/search_index.h"
#include "rare/service.h"
#include "rare/spec.h"

namespace rare::opensearch {

// The index is found on the cluster, or loaded, on a thread of its own, from a pass of its own over
// the node's records or the files, while the pipeline already runs; searches that come before it is
// ready wait for it. When there is none to be had, each of them is answered with a run fault that
// says why. Thread-safety: search(), activity(), usage() and cancel() may be called from any
// thread.
class SearchService final : public Service, public SearchIndex {
 public:
  static Spec spec();

  SearchService() = default;
  ~SearchService() override;

  Status open(ServiceContext& context) override;
  void* connect(std::string_view interface, const ServiceClient& client) override;
  int concurrency() const override;
  Result<Json> identity() const override { return identity_; }
  Json usage() const override;
  bool ready() const override { return !building_; }
  std::string activity() const override;
  void cancel() override;

  Awaitable<Result<SearchHits>> search(SearchRequest request) override;
  SearchIndexTraits traits() const override;

 private:
  using Stopped = std::function<bool()>;
  static void add_cluster_params(Spec& spec);
  Status check_parameters() const;
  Result<corpus::OpenCorpus> open_corpus() const;
  Status failure(const Status& cause) const;
  void build(const std::stop_token& stop);
  Result<StoredIndex> find_or_load(const Stopped& stopped);
  Result<std::optional<StoredIndex>> find(const IndexStore& store, const Stopped& stopped);
  Result<std::string> digest_of(RecordStream& records, const Stopped& stopped);
  Result<StoredIndex> load(const IndexStore& store, RecordStream& records, const Stopped& stopped);
  Result<std::string> load_into(const std::string& index, RecordStream& records,
                                const Stopped& stopped, std::uint64_t& documents);
  void warn_of(const StoredNames& names);

  std::string from_;
  std::vector<std::string> path_;
  std::string format_, prebuilt_, field_, id_field_;
  IndexSettings settings_;
  ClusterOptions cluster_options_;
  std::string index_prefix_;
  int max_in_flight_ = 0;
  double timeout_s_ = 0;
  // Parameters of settings_ and cluster_options_.
  std::vector<std::string> base_url_;
  std::string user_, password_, api_key_, ca_file_, analyzer_;
  double k1_ = 0, b_ = 0;
  int shards_ = 0, replicas_ = 0, max_retries_ = 0;

  ServiceContext* context_ = nullptr;
  Json identity_;
  std::unique_ptr<RecordStream> records_;
  corpus::ReadProgress progress_;
  std::atomic<bool> building_{false}, comparing_{false};
  std::atomic<bool> knows_ranking_{false};  // k1_ and b_ are the index's, and stay
  std::shared_ptr<SearchQueue> queue_;
  std::unique_ptr<Cluster> cluster_;
  std::jthread builder_;
};

}  // namespace rare::opensearch
