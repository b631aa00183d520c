#include "plugins/bm25/shingles.h"

#include <algorithm>

#include "plugins/bm25/index_format.h"

namespace rare::bm25 {
namespace {

constexpr std::size_t kWordsPerShingle = 3;

// Of all shingles, in the text's order.
std::vector<std::uint64_t> shingle_hashes(const FoldedText& text) {
  std::vector<std::uint64_t> words;
  words.reserve(text.word_ends().size());
  std::size_t begin = 0;
  for (const std::size_t end : text.word_ends()) {
    words.push_back(term_hash(text.key().data() + begin, end - begin));
    begin = end;
  }
  // In place of the words, which are not needed behind the first of a run.
  const std::size_t size = std::min(words.size(), kWordsPerShingle);
  if (size == 0) return words;
  const std::size_t shingles = words.size() - size + 1;
  for (std::size_t first = 0; first < shingles; ++first) {
    words[first] = term_hash(reinterpret_cast<const char*>(words.data() + first),
                             size * sizeof(std::uint64_t));
  }
  words.resize(shingles);
  return words;
}

}  // namespace

Shingles::Shingles(const FoldedText& text) : hashes_(shingle_hashes(text)) {
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
  for (const std::uint64_t hash : hashes_) marks_.set(mark_of(hash));
}

double Shingles::similarity(const Shingles& other) const {
  if (hashes_.empty() || other.hashes_.empty()) return 0;
  std::size_t both = 0;
  for (auto left = hashes_.begin(), right = other.hashes_.begin();
       left != hashes_.end() && right != other.hashes_.end();) {
    if (*left < *right) {
      ++left;
    } else if (*right < *left) {
      ++right;
    } else {
      ++both, ++left, ++right;
    }
  }
  const std::size_t either = hashes_.size() + other.hashes_.size() - both;
  return static_cast<double>(both) / static_cast<double>(either);
}

bool Shingles::reach(const FoldedText& text, double share) const {
  if (hashes_.empty()) return share <= 0;
  std::size_t marked = 0;
  for (const std::uint64_t hash : shingle_hashes(text)) marked += marks_[mark_of(hash)] ? 1 : 0;
  // No fewer than are in both, and no more are in both than in either.
  const double at_most = static_cast<double>(marked) / static_cast<double>(hashes_.size());
  return at_most >= share && similarity(Shingles(text)) >= share;
}

}  // namespace rare::bm25
