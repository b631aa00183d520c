// A SearchIndex whose hits are scripted by the test.
//
// Thread-safety: any thread, if the script is. Ownership: the test's; it outlives who asks it.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "rare/search_index.h"
#include "rare/task.h"
#include "rare/testing/held_replies.h"

namespace rare::testing {

// Answers every request with what `script` returns for it, cut to what the request asks for, and
// remembers the requests.
class FakeSearchIndex final : public SearchIndex {
 public:
  using Script = std::function<Result<SearchHits>(const SearchRequest&)>;
  FakeSearchIndex(Resumer& resumer, Script script)
      : resumer_(resumer), script_(std::move(script)) {}

  Awaitable<Result<SearchHits>> search(SearchRequest request) override {
    auto pair = make_completion<Result<SearchHits>>(resumer_);
    Result<SearchHits> hits = script_(request);
    if (hits) cut(*hits, request);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
    }
    HeldReplies::give(
        [completion = pair.completion, hits = std::move(hits)] { completion.set(hits); });
    return std::move(pair.awaitable);
  }
  SearchIndexTraits traits() const override { return traits_; }
  // REQUIRES: nobody asks yet.
  void set_traits(SearchIndexTraits traits) { traits_ = std::move(traits); }
  std::vector<SearchRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  static void cut(SearchHits& found, const SearchRequest& request) {
    const int wanted = request.enough ? request.most : request.k;
    std::size_t kept = 0;
    while (kept < found.hits.size() && kept < static_cast<std::size_t>(wanted)) {
      ++kept;
      if (request.enough && request.enough(found.hits[kept - 1])) break;
    }
    if (request.enough && !request.keeps_hits) kept = 0;
    found.hits.erase(found.hits.begin() + static_cast<std::ptrdiff_t>(kept), found.hits.end());
  }

  Resumer& resumer_;
  Script script_;
  SearchIndexTraits traits_;
  mutable std::mutex mutex_;
  std::vector<SearchRequest> requests_;
};

}  // namespace rare::testing
