// SearchIndex: the interface of services that rank a corpus's documents for a query.
// Thread-safety: search() may be called from any thread; the types are values.
#pragma once

#include <cstdint>
#include <optional>
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
  SearchHit(std::uint64_t document, float document_score, std::string document_text,
            std::string document_id)
      : ordinal(document),
        score(document_score),
        text(std::move(document_text)),
        id(std::move(document_id)) {}
  std::uint64_t ordinal;  // the document's place in the corpus, from 0
  float score;
  std::string text;
  std::string id;  // what the corpus calls the document; the ordinal's digits where it has no name
};

class SearchHits {
 public:
  SearchHits() {}
  // Best first; ties by ordinal. Only documents that share a term with the query.
  std::vector<SearchHit> hits;
};

// What those who search may want to know of an index.
class SearchIndexTraits {
 public:
  SearchIndexTraits() {}
  // The corpus was named apart from the records of the run (a file, a server): it may be another
  // one than they come from.
  bool apart = false;
  std::optional<double> k1, b;  // of BM25; nothing where they are not known
};

class SearchIndex {
 public:
  static constexpr std::string_view kInterface = "rare.SearchIndex/2";
  virtual ~SearchIndex() = default;
  virtual Awaitable<Result<SearchHits>> search(SearchRequest request) = 0;
  // Known once the service is open.
  virtual SearchIndexTraits traits() const { return SearchIndexTraits(); }
};

}  // namespace rare
