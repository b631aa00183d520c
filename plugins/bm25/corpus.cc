#include "plugins/bm25/corpus.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace rare::bm25 {
namespace {
constexpr std::size_t kMostKeptBytes = std::size_t{1} << 20;
}  // namespace

std::vector<Result<SearchHits>> CorpusSearcher::search(
    std::span<const SearchRequest* const> requests) {
  std::vector<Result<SearchHits>> answers(requests.size(), SearchHits());
  std::vector<Query> queries;
  queries.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const SearchRequest& request = *requests[i];
    if (request.k < 1) {
      answers[i] =
          Status(StatusCode::invalid_argument,
                 "expected a search for 1 hit or more, got k = " + std::to_string(request.k));
    }
    const std::vector<std::string> terms = corpus_.analyzer().terms_of(request.query);
    const int k = request.enough ? std::max(request.k, request.most) : request.k;
    queries.push_back(query_of(corpus_.index(), terms, static_cast<std::size_t>(std::max(0, k))));
    if (!request.enough || request.k < 1) continue;
    queries.back().enough = [this, &request, &answer = answers[i]](const ScoredDocument& hit) {
      return take(hit, request, answer);
    };
  }
  const std::vector<std::vector<ScoredDocument>> found = searcher_.search(queries);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!answers[i].ok() || requests[i]->enough) continue;
    answers[i]->hits.reserve(found[i].size());
    for (const ScoredDocument& hit : found[i]) answers[i]->hits.push_back(with_text(hit));
  }
  return answers;
}

// The searches of a batch are one another's: an exception of one stops here.
bool CorpusSearcher::take(const ScoredDocument& hit, const SearchRequest& request,
                          Result<SearchHits>& answer) {
  try {
    if (!request.keeps_hits) {
      // A long text's memory is not for all that come after it.
      if (passing_.text.capacity() > kMostKeptBytes) passing_.text = std::string();
      become(passing_, hit);
      return request.enough(passing_);
    }
    answer->hits.push_back(with_text(hit));
    return request.enough(answer->hits.back());
  } catch (const std::exception& error) {
    answer = Status(StatusCode::internal, std::string("the search failed: ") + error.what());
    return true;
  }
}

SearchHit CorpusSearcher::with_text(const ScoredDocument& hit) const {
  SearchHit whole(0, 0, "", "");
  become(whole, hit);
  return whole;
}

void CorpusSearcher::become(SearchHit& old, const ScoredDocument& hit) const {
  const auto [id, text] = corpus_.index().id_and_text(hit.document);
  old.ordinal = hit.document;
  old.score = hit.score;
  old.text.assign(text);
  if (id.empty()) {
    old.id = std::to_string(hit.document);
  } else {
    old.id.assign(id);
  }
}

}  // namespace rare::bm25
