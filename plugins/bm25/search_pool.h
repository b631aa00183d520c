// A few threads that answer searches. Requests may come before there is anything to search: they
// wait, and are answered once answer_from() or refuse() was called.
//
// Thread-safety: every method may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "plugins/bm25/corpus.h"
#include "rare/search_index.h"
#include "rare/task.h"

namespace rare::bm25 {

// As many threads as are named; 0: as there are cores.
int threads_or_cores(int threads);

class SearchPool {
 public:
  using Answer = Completion<Result<SearchHits>>;

  explicit SearchPool(int threads);
  SearchPool(const SearchPool&) = delete;
  SearchPool& operator=(const SearchPool&) = delete;
  // Refuses what still waits as cancelled; searches under way are finished.
  ~SearchPool();

  void submit(SearchRequest request, Answer answer);
  // From now on searches go to `corpus`. REQUIRES: called once.
  void answer_from(std::unique_ptr<const Corpus> corpus);
  // What waits, and all that comes later, is answered with this error. The first call counts.
  void refuse(Status reason);

  std::uint64_t answered() const;

 private:
  struct Waiting {
    SearchRequest request;
    Answer answer;
  };
  void work();
  std::vector<Waiting> next_batch();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::unique_ptr<const Corpus> corpus_;
  std::optional<Status> refusal_;
  std::uint64_t answered_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rare::bm25
