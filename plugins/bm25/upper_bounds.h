// What a search knows of documents before it scores them: upper bounds in whole units.
// Thread-safety: values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace rare::bm25 {

class UpperBounds {
 public:
  struct Candidate {
    std::uint32_t bound;
    std::uint32_t document;
  };

  // A bound overstates a score by at most `slack` units.
  UpperBounds(std::size_t k, std::uint32_t slack) : k_(k), slack_(slack) {}

  // A document whose bound is less is not among the k best. At least 1: a bound of 0 means that it
  // has no term of the query.
  std::uint32_t threshold() const { return threshold_; }
  bool full() const { return heap_.size() == k_; }

  // REQUIRES: bound >= threshold(), each document once.
  void add(std::uint32_t bound, std::uint32_t document) {
    candidates_.push_back({bound, document});
    if (heap_.size() < k_) {
      heap_.push_back(bound);
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    } else if (bound > heap_.front()) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.back() = bound;
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    } else {
      return;
    }
    if (full() && heap_.front() > slack_) threshold_ = heap_.front() - slack_;
  }

  // Those at the threshold or above it, the highest bound first.
  const std::vector<Candidate>& candidates() {
    std::erase_if(candidates_, [this](const Candidate& c) { return c.bound < threshold_; });
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Candidate& left, const Candidate& right) {
                return left.bound != right.bound ? left.bound > right.bound
                                                 : left.document < right.document;
              });
    return candidates_;
  }

 private:
  std::size_t k_;
  std::uint32_t slack_;
  std::uint32_t threshold_ = 1;
  std::vector<std::uint32_t> heap_;  // the k highest bounds, the least in front
  std::vector<Candidate> candidates_;
};

}  // namespace rare::bm25
