// SearchIndex: the interface of services that rank a corpus's documents for a query.
//
// Thread-safety: search() may be called from any thread; the types are values. Ownership: the
// interface belongs to its service, which lives longer than every operator.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/status.h"
#include "rare/task.h"

namespace rare {

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

class SearchRequest {
 public:
  SearchRequest(std::string query_text, int hits) : query(std::move(query_text)), k(hits) {}
  std::string query;
  int k;  // at most this many hits; 1 or more
  // Instead of k hits: as many as it takes, up to `most`. Asked once for each hit, best first;
  // true: no more are wanted. A service that cannot gives k, and does not ask. Called on a thread
  // of the service, before the request is answered; short, and does not throw.
  std::function<bool(const SearchHit&)> enough;
  int most = 0;  // k or more
  // Whether the answer has the hits that `enough` was asked for. Who took what it wants of each
  // then spares the copies.
  bool keeps_hits = true;
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
  std::optional<double> k1, b;  // of BM25; nothing where they are not known (yet)
};

class SearchIndex {
 public:
  static constexpr std::string_view kInterface = "rare.SearchIndex/4";
  virtual ~SearchIndex() = default;
  virtual Awaitable<Result<SearchHits>> search(SearchRequest request) = 0;
  // Known once the service is open; k1 and b of an index on another machine by the first answer at
  // the latest.
  virtual SearchIndexTraits traits() const { return SearchIndexTraits(); }
};

}  // namespace rare
