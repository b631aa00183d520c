// The k best of scored documents. Thread-safety: values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rare::bm25 {

struct ScoredDocument {
  std::uint32_t document;
  float score;
};

// Lucene's order: by score, ties by document number.
inline bool better(const ScoredDocument& left, const ScoredDocument& right) {
  if (left.score != right.score) return left.score > right.score;
  return left.document < right.document;
}

// Keeps the k best of what it is given.
class BestDocuments {
 public:
  explicit BestDocuments(std::size_t k) : k_(k) {}

  void offer(ScoredDocument candidate) {
    if (heap_.size() < k_) {
      heap_.push_back(candidate);
      std::push_heap(heap_.begin(), heap_.end(), better);
    } else if (k_ > 0 && better(candidate, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.back() = candidate;
      std::push_heap(heap_.begin(), heap_.end(), better);
    }
  }
  bool full() const { return heap_.size() == k_; }
  // REQUIRES: full(), k > 0.
  float worst_score() const { return heap_.front().score; }

  std::vector<ScoredDocument> take() && {
    std::sort_heap(heap_.begin(), heap_.end(), better);
    return std::move(heap_);
  }

 private:
  std::size_t k_;
  std::vector<ScoredDocument> heap_;  // the worst in front
};

}  // namespace rare::bm25
