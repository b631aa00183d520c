// A corpus: the index over its texts, and the texts themselves.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/inverted_index.h"
#include "rare/context.h"
#include "rare/search_index.h"
#include "rare/status.h"

namespace rare::bm25 {

// Thread-safety: immutable; any thread may search, each with its own scratch.
class Corpus {
 public:
  Corpus(std::unique_ptr<const Analyzer> analyzer, InvertedIndex index,
         std::vector<std::string> texts)
      : analyzer_(std::move(analyzer)), index_(std::move(index)), texts_(std::move(texts)) {}

  Result<SearchHits> search(const SearchRequest& request, SearchScratch& scratch) const;
  const InvertedIndex& index() const { return index_; }

 private:
  std::unique_ptr<const Analyzer> analyzer_;
  InvertedIndex index_;
  std::vector<std::string> texts_;  // by ordinal; empty where nothing is indexed
};

struct CorpusSettings {
  std::string field;
  std::string analyzer;  // one of analyzer_names()
  Bm25Parameters parameters;
};

// Where a build is. Read from any thread.
struct BuildProgress {
  std::atomic<std::uint64_t> records{0};  // read so far
  std::atomic<std::uint64_t> skipped{0};  // of them, without text in the field
};

// Reads `records` to its end and indexes the field's text. A record's ordinal is its place in the
// stream; one whose field is missing, not text or empty takes an ordinal and is not indexed. Fails
// when the stream does, when there are records and none has text in the field, and as cancelled
// when `stopped` says so.
Result<std::unique_ptr<Corpus>> build_corpus(RecordStream& records, const CorpusSettings& settings,
                                             const std::function<bool()>& stopped,
                                             BuildProgress& progress);

}  // namespace rare::bm25
