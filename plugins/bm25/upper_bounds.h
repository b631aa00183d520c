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
  UpperBounds(std::size_t k, std::uint32_t slack) : k_(k), slack_(slack) {
    if (k == 0) return;  // in place of one that is not known yet
    best_.reserve(std::min(k, kMostInHeap));
    candidates_.reserve(kMostInHeap);
  }

  // A document whose bound is less is not among the k best. At least 1: a bound of 0 means that it
  // has no term of the query.
  std::uint32_t threshold() const { return threshold_; }
  bool full() const { return best_.size() >= k_; }

  // REQUIRES: bound >= threshold(), each document once.
  void add(std::uint32_t bound, std::uint32_t document) {
    candidates_.push_back({bound, document});
    if (full() && bound <= kth_) return;
    if (k_ <= kMostInHeap) {
      put_on_heap(bound);
    } else {
      put_in_pile(bound);
    }
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
  // Few are kept in order all the time, so that the threshold is never behind; many would take
  // long.
  static constexpr std::size_t kMostInHeap = 64;

  void put_on_heap(std::uint32_t bound) {
    if (full()) {
      std::pop_heap(best_.begin(), best_.end(), std::greater<>());
      best_.back() = bound;
    } else {
      best_.push_back(bound);
    }
    std::push_heap(best_.begin(), best_.end(), std::greater<>());
    if (full()) raise_to(best_.front());
  }
  // Twice as many as are asked for, before those that are too many go.
  void put_in_pile(std::uint32_t bound) {
    best_.push_back(bound);
    if (best_.size() != k_ && best_.size() < 2 * k_) return;
    const auto kth = best_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(best_.begin(), kth, best_.end(), std::greater<>());
    best_.resize(k_);
    raise_to(best_.back());
  }
  void raise_to(std::uint32_t kth) {
    kth_ = kth;
    if (kth > slack_) threshold_ = kth - slack_;
  }

  std::size_t k_;
  std::uint32_t slack_;
  std::uint32_t threshold_ = 1;
  std::uint32_t kth_ = 0;            // once there are k: a bound that k documents reach
  std::vector<std::uint32_t> best_;  // the k highest bounds, the least in front; or a pile of them
  std::vector<Candidate> candidates_;
};

}  // namespace rare::bm25
