#include "plugins/bm25/shingles.h"

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/bm25/index_format.h"

namespace rare::bm25 {
namespace {

constexpr std::size_t kWordsPerShingle = 3;

std::size_t words_of_shingle(const FoldedText& text) {
  return std::min(text.word_ends().size(), kWordsPerShingle);
}

// How many there are, those that occur again included.
std::size_t shingle_count(const FoldedText& text) {
  return text.word_ends().empty() ? 0 : text.word_ends().size() - words_of_shingle(text) + 1;
}

// Gives the hash of each, in the text's order, as long as `take` wants more.
template <class Take>
void for_each_shingle(const FoldedText& text, const Take& take) {
  const std::size_t size = words_of_shingle(text);
  std::array<std::uint64_t, kWordsPerShingle> run{};
  std::size_t words = 0;
  std::size_t begin = 0;
  for (const std::size_t end : text.word_ends()) {
    for (std::size_t i = 1; i < size; ++i) run[i - 1] = run[i];
    run[size - 1] = term_hash(text.key().data() + begin, end - begin);
    begin = end;
    if (++words < size) continue;
    const auto* const bytes = reinterpret_cast<const char*>(run.data());
    if (!take(term_hash(bytes, size * sizeof(std::uint64_t)))) return;
  }
}

void sort_distinct(std::vector<std::uint64_t>& hashes) {
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

}  // namespace

Shingles::Shingles(const FoldedText& text) {
  hashes_.reserve(shingle_count(text));
  for_each_shingle(text, [this](std::uint64_t hash) {
    hashes_.push_back(hash);
    marks_.set(mark_of(hash));
    return true;
  });
  marked_ = marks_.count();
}

// Most texts have no near-duplicate, and their hashes are never sorted.
void Shingles::sort() {
  if (!sorted_) sort_distinct(hashes_);
  sorted_ = true;
}

double Shingles::similarity(Shingles other) { return share_in_common(std::move(other.hashes_)); }

double Shingles::share_in_common(std::vector<std::uint64_t> hashes) {
  if (hashes_.empty() || hashes.empty()) return 0;
  sort();
  sort_distinct(hashes);
  std::size_t both = 0;
  for (auto left = hashes_.begin(), right = hashes.begin();
       left != hashes_.end() && right != hashes.end();) {
    if (*left < *right) {
      ++left;
    } else if (*right < *left) {
      ++right;
    } else {
      ++both, ++left, ++right;
    }
  }
  const std::size_t either = hashes_.size() + hashes.size() - both;
  return static_cast<double>(both) / static_cast<double>(either);
}

// No more are in both than the other text has marks that are set here, and no fewer are in either
// than there are marks.
bool Shingles::reach(const FoldedText& text, double share) {
  if (hashes_.empty()) return share <= 0;
  const double needed = share * static_cast<double>(marked_);
  std::size_t possible = shingle_count(text);
  std::vector<std::uint64_t> hashes;
  for_each_shingle(text, [&](std::uint64_t hash) {
    if (!marks_[mark_of(hash)]) --possible;
    hashes.push_back(hash);
    return static_cast<double>(possible) >= needed;
  });
  return static_cast<double>(possible) >= needed && share_in_common(std::move(hashes)) >= share;
}

}  // namespace rare::bm25
