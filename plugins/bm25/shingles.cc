#include "plugins/bm25/shingles.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

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

double Shingles::similarity(const Shingles& other) { return share_in_common(other.hashes_); }

// Half full at most.
void Shingles::make_table() {
  table_.resize(std::bit_ceil(2 * hashes_.size()));
  texts_ = 1;
  for (const std::uint64_t hash : hashes_) {
    Slot* const slot = find(hash);
    if (slot->seen_in != 0) continue;
    *slot = {hash, texts_};
    ++distinct_;
  }
}

Shingles::Slot* Shingles::find(std::uint64_t hash) {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = hash & mask;
  while (table_[at].seen_in != 0 && table_[at].hash != hash) at = (at + 1) & mask;
  return &table_[at];
}

// Copies come in thousands, so that nothing is sorted but what this text has not.
double Shingles::share_in_common(const std::vector<std::uint64_t>& hashes) {
  if (hashes_.empty() || hashes.empty()) return 0;
  if (table_.empty()) make_table();
  ++texts_;
  std::size_t both = 0;
  only_there_.clear();
  for (const std::uint64_t hash : hashes) {
    Slot* const slot = find(hash);
    if (slot->seen_in == 0) {
      only_there_.push_back(hash);
    } else if (slot->seen_in != texts_) {
      slot->seen_in = texts_;
      ++both;
    }
  }
  std::sort(only_there_.begin(), only_there_.end());
  const auto end = std::unique(only_there_.begin(), only_there_.end());
  const std::size_t either =
      distinct_ + static_cast<std::size_t>(std::distance(only_there_.begin(), end));
  return static_cast<double>(both) / static_cast<double>(either);
}

// No more are in both than the other text has marks that are set here, and no fewer are in either
// than there are marks. Their quotient, rounded like the similarity, is never less than it; a
// product with `share` may be rounded up beyond it.
bool Shingles::reach(const FoldedText& text, double share) {
  if (hashes_.empty()) return share <= 0;
  std::size_t possible = shingle_count(text);
  const auto is_possible = [&] {
    return static_cast<double>(possible) / static_cast<double>(marked_) >= share;
  };
  of_text_.clear();
  for_each_shingle(text, [&](std::uint64_t hash) {
    if (!marks_[mark_of(hash)]) --possible;
    of_text_.push_back(hash);
    return is_possible();
  });
  return is_possible() && share_in_common(of_text_) >= share;
}

}  // namespace rare::bm25
