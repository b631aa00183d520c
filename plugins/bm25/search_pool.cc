#include "plugins/bm25/search_pool.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <utility>

namespace rare::bm25 {
namespace {

// Queries of a batch share what a window of the index brings into the caches; but one thread should
// not sit on work another could do, nor the first query wait long for the last.
constexpr std::size_t kMaxBatch = 64;

std::vector<Result<SearchHits>> search(const Corpus& corpus,
                                       std::optional<CorpusSearcher>& searcher,
                                       std::span<const SearchRequest* const> requests) {
  try {
    if (!searcher) searcher.emplace(corpus);
    return searcher->search(requests);
  } catch (const std::exception& error) {
    searcher.reset();  // left in the middle of its work
    return {requests.size(),
            Status(StatusCode::internal, std::string("the search failed: ") + error.what())};
  }
}

}  // namespace

int threads_or_cores(int threads) {
  return threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

SearchPool::SearchPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

SearchPool::~SearchPool() {
  refuse(Status::cancelled());
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void SearchPool::submit(SearchRequest request, Answer answer) {
  std::optional<Status> refusal;
  answer.pause_time_limit();  // until a thread takes it
  {
    const std::lock_guard lock(mutex_);
    refusal = refusal_;
    if (!refusal) waiting_.push_back({std::move(request), answer});
  }
  if (refusal) {
    answer.set(*refusal);
  } else {
    changed_.notify_one();
  }
}

void SearchPool::answer_from(std::unique_ptr<const Corpus> corpus) {
  {
    const std::lock_guard lock(mutex_);
    corpus_ = std::move(corpus);
  }
  changed_.notify_all();
}

void SearchPool::refuse(Status reason) {
  std::deque<Waiting> refused;
  {
    const std::lock_guard lock(mutex_);
    if (!refusal_) refusal_ = std::move(reason);
    reason = *refusal_;
    refused.swap(waiting_);
  }
  for (const Waiting& waiting : refused) waiting.answer.set(reason);
}

std::uint64_t SearchPool::answered() const {
  const std::lock_guard lock(mutex_);
  return answered_;
}

std::vector<SearchPool::Waiting> SearchPool::next_batch() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closing_ || (corpus_ && !waiting_.empty()); });
  std::vector<Waiting> batch;
  if (closing_) return batch;
  const std::size_t share = waiting_.size() / threads_.size();
  const std::size_t size = std::clamp<std::size_t>(share, 1, kMaxBatch);
  for (std::size_t i = 0; i < size; ++i) {
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  answered_ += size;
  return batch;
}

void SearchPool::work() {
  std::optional<CorpusSearcher> searcher;
  std::vector<const SearchRequest*> requests;
  while (true) {
    const std::vector<Waiting> batch = next_batch();
    if (batch.empty()) return;
    requests.clear();
    for (const Waiting& waiting : batch) {
      waiting.answer.resume_time_limit();
      requests.push_back(&waiting.request);
    }
    std::vector<Result<SearchHits>> answers = search(*corpus_, searcher, requests);
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].answer.set(std::move(answers[i]));
  }
}

}  // namespace rare::bm25
