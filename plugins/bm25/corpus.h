// A corpus: the index over its texts, and the texts themselves.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/index_file.h"
#include "plugins/bm25/window_search.h"
#include "rare/search_index.h"
#include "rare/status.h"

namespace rare::bm25 {

// Thread-safety: immutable; any thread.
class Corpus {
 public:
  // REQUIRES: make_analyzer() knows the index's analyzer.
  explicit Corpus(std::unique_ptr<const IndexFile> index)
      : index_(std::move(index)), analyzer_(make_analyzer(index_->analyzer())) {}

  const IndexFile& index() const { return *index_; }
  const Analyzer& analyzer() const { return *analyzer_; }

 private:
  std::unique_ptr<const IndexFile> index_;
  std::unique_ptr<const Analyzer> analyzer_;
};

// Answers searches over a corpus, which outlives it. Thread-safety: one searcher a thread.
class CorpusSearcher {
 public:
  explicit CorpusSearcher(const Corpus& corpus) : corpus_(corpus), searcher_(corpus.index()) {}
  // One answer for each request, in their order; an error only for that request.
  std::vector<Result<SearchHits>> search(std::span<const SearchRequest* const> requests);

 private:
  // Adds the hit to the answer, if that keeps them. Whether it is the last one that is wanted, or
  // there is an error.
  bool take(const ScoredDocument& hit, const SearchRequest& request, Result<SearchHits>& answer);
  SearchHit with_text(const ScoredDocument& hit) const;
  // The same in the memory of a hit that nobody has any more.
  void become(SearchHit& old, const ScoredDocument& hit) const;

  const Corpus& corpus_;
  WindowSearcher searcher_;
  SearchHit passing_{0, 0, "", ""};  // that is shown, and not kept
};

}  // namespace rare::bm25
