// bm25.index: a search index over the texts that a node of the pipeline gives out, or that stand in
// files, or one that was built before.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "plugins/bm25/corpus_index.h"
#include "plugins/bm25/search_pool.h"
#include "plugins/corpus/corpus_source.h"
#include "rare/context.h"
#include "rare/search_index.h"
#include "rare/service.h"
#include "rare/spec.h"

namespace rare::bm25 {

// The index is built, or found ready (corpus_index.h), on a thread of its own, from a pass of its
// own over the node's records or the files, while the pipeline already runs; searches that come
// before it is ready wait for it. One that was built before is only opened, and checked on that
// thread. When it cannot be built, each of them is answered with a run fault that says
// why. Searches run on as many threads as the machine has cores. Thread-safety: search(),
// activity(), usage() and cancel() may be called from any thread.
class IndexService final : public Service, public SearchIndex {
 public:
  static Spec spec();

  IndexService() = default;
  ~IndexService() override;

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
  static void add_ranking_params(Spec& spec);
  void build(std::stop_token stop);
  Result<std::unique_ptr<const IndexFile>> find_or_build(const std::function<bool()>& stopped);
  Status check_parameters();
  Status open_prebuilt();
  Result<corpus::OpenCorpus> open_corpus() const;
  Result<std::unique_ptr<RecordStream>> open_records() const;
  Status failure(const Status& cause) const;

  std::string from_;
  std::vector<std::string> path_;
  std::string format_;
  std::string prebuilt_;
  std::string field_;
  std::string id_field_;
  std::string analyzer_;
  double k1_ = 0.9;
  double b_ = 0.4;
  bool compact_ = false;
  std::string scoring_;
  std::string memory_limit_;
  std::string index_dir_;
  std::uint64_t memory_limit_bytes_ = 0;

  ServiceContext* context_ = nullptr;
  Json identity_;
  std::unique_ptr<RecordStream> records_;
  BuildProgress progress_;
  std::atomic<bool> building_{false};
  std::unique_ptr<SearchPool> pool_;
  std::jthread builder_;
};

}  // namespace rare::bm25
