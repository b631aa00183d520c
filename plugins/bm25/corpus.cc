#include "plugins/bm25/corpus.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace rare::bm25 {

std::vector<Result<SearchHits>> CorpusSearcher::search(
    std::span<const SearchRequest* const> requests) {
  std::vector<Query> queries;
  for (const SearchRequest* request : requests) {
    const std::vector<std::string> terms = corpus_.analyzer().terms_of(request->query);
    queries.push_back(
        query_of(corpus_.index(), terms, static_cast<std::size_t>(std::max(0, request->k))));
  }
  const std::vector<std::vector<ScoredDocument>> found = searcher_.search(queries);
  std::vector<Result<SearchHits>> answers;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (requests[i]->k < 1) {
      answers.emplace_back(
          Status(StatusCode::invalid_argument,
                 "expected a search for 1 hit or more, got k = " + std::to_string(requests[i]->k)));
      continue;
    }
    SearchHits reply;
    for (const ScoredDocument& hit : found[i]) {
      const std::string_view id = corpus_.index().id(hit.document);
      reply.hits.emplace_back(hit.document, hit.score,
                              std::string(corpus_.index().text(hit.document)),
                              id.empty() ? std::to_string(hit.document) : std::string(id));
    }
    answers.emplace_back(std::move(reply));
  }
  return answers;
}

}  // namespace rare::bm25
