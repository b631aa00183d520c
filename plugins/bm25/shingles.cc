#include "plugins/bm25/shingles.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "plugins/bm25/index_format.h"

namespace rare::bm25 {
namespace {

constexpr std::size_t kWordsPerShingle = 3;

// How many a whole text has, those that occur again included.
std::size_t shingle_count(const FoldedText& text) {
  const std::size_t words = text.word_ends().size();
  return words <= kWordsPerShingle ? std::min<std::size_t>(words, 1) : words - kWordsPerShingle + 1;
}

// Hashes the shingles of a text in its order, as more of it becomes known.
class ShingleReader {
 public:
  // Gives the hashes of those that are new.
  template <class Take>
  void read(const FoldedText& text, const Take& take) {
    const std::vector<std::size_t>& ends = text.word_ends();
    for (; words_ < ends.size(); ++words_) {
      before_last_ = last_but_one_;
      last_but_one_ = last_;
      last_ = term_hash(text.key().data() + begin_, ends[words_] - begin_);
      begin_ = ends[words_];
      if (words_ + 1 >= kWordsPerShingle) take(hash());
    }
    if (text.complete() && words_ > 0 && words_ < kWordsPerShingle) take(hash());
  }

 private:
  // Hashes of words are evenly spread, and so are sums of them in which each place counts
  // otherwise.
  std::uint64_t hash() const {
    return (before_last_ * kOddFactor + last_but_one_) * kOddFactor + last_;
  }
  static constexpr std::uint64_t kOddFactor = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  std::uint64_t before_last_ = 0, last_but_one_ = 0, last_ = 0;    // of words
  std::size_t begin_ = 0;                                          // of the next word, in the key
  std::size_t words_ = 0;
};

}  // namespace

Shingles::Shingles(const FoldedText& text) {
  hashes_.reserve(shingle_count(text));
  ShingleReader().read(text, [this](std::uint64_t hash) {
    hashes_.push_back(hash);
    marks_.set(mark_of(hash));
    least_ = std::min(least_, hash);
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

// The shingles in both are at most these, those in either at least these and what is only there,
// of which there are at least as many as there are marks that are not set here. The quotient of the
// two, rounded like the similarity, is never less than it; a product with `share` may be rounded up
// beyond it.
bool Shingles::reach(FoldedText& text, double share) {
  of_text_.clear();
  if (hashes_.empty()) return share <= 0;
  of_text_.reserve(hashes_.size());  // if it comes near, it has about as many
  ShingleReader reader;
  Marks only_there;
  std::size_t there = 0;  // how many of them
  std::size_t maybe_here = 0;
  const auto take = [&](std::uint64_t hash) {
    of_text_.push_back(hash);
    const std::size_t mark = mark_of(hash);
    if (marks_[mark]) {
      ++maybe_here;
    } else if (!only_there[mark]) {
      only_there.set(mark);
      ++there;
    }
  };
  for (bool more = true; more;) {
    text.extend();
    more = !text.complete();
    reader.read(text, take);
    const std::size_t both = more ? hashes_.size() : std::min(hashes_.size(), maybe_here);
    const std::size_t either = std::max(marked_, both) + there;
    if (static_cast<double>(both) / static_cast<double>(either) >= share) continue;
    if (more) of_text_.clear();
    return false;
  }
  return share_in_common(of_text_) >= share;
}

bool Shingles::reach(const std::vector<std::uint64_t>& hashes, double share) {
  return hashes_.empty() ? share <= 0 : share_in_common(hashes) >= share;
}

}  // namespace rare::bm25
