// SearchIndex: the interface of services that rank a corpus's documents for a query.
// Thread-safety: search() may be called from any thread; the types are values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/status.h"
#include "rare/task.h"

namespace rare {

class SearchRequest {
 public:
  SearchRequest(std::string query_text, int hits) : query(std::move(query_text)), k(hits) {}
  std::string query;
  int k;  // at most this many hits; 1 or more
};

class SearchHit {
 public:
  SearchHit(std::uint64_t document, float document_score, std::string document_text)
      : ordinal(document), score(document_score), text(std::move(document_text)) {}
  std::uint64_t ordinal;  // the document's place in the corpus, from 0
  float score;
  std::string text;
};

class SearchHits {
 public:
  SearchHits() {}
  // Best first; ties by ordinal. Only documents that share a term with the query.
  std::vector<SearchHit> hits;
};

class SearchIndex {
 public:
  static constexpr std::string_view kInterface = "rare.SearchIndex/1";
  virtual ~SearchIndex() = default;
  virtual Awaitable<Result<SearchHits>> search(SearchRequest request) = 0;
};

}  // namespace rare
