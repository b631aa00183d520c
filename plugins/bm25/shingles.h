// How much two texts have in common, whatever their order on a larger scale: the Jaccard similarity
// of their shingles (A.Z. Broder, "On the resemblance and containment of documents", SEQUENCES
// 1997). Thread-safety: values; one thread at a time.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "plugins/bm25/text_identity.h"

namespace rare::bm25 {

// The runs of three words (FoldedText) of a text; the whole text where it has fewer.
class Shingles {
 public:
  explicit Shingles(const FoldedText& text);
  // The shingles in both, as a share of those in either; 0 where one of the texts has no word.
  double similarity(const Shingles& other);
  // Whether the similarity to the text's shingles is `share` or more. Of a text that is not
  // complete no more is folded than it takes to tell: where little is in common, its beginning.
  bool reach(FoldedText& text, double share);
  // The same of a text whose shingles are known.
  bool reach(const std::vector<std::uint64_t>& hashes, double share);
  // Those of the text that reach() folded last, repeated ones, too; none where its beginning told.
  const std::vector<std::uint64_t>& last_read() const { return of_text_; }
  // The least hash; the greatest number where there is none.
  std::uint64_t least() const { return least_; }

 private:
  using Marks = std::bitset<4096>;  // of hashes, by their highest bits
  static std::size_t mark_of(std::uint64_t hash) { return hash >> 52; }
  // A shingle of this text, in a table with open addressing.
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t seen_in = 0;  // the text that had it last; 0: the slot is free
  };
  void make_table();
  Slot* find(std::uint64_t hash);
  double share_in_common(const std::vector<std::uint64_t>& hashes);

  std::vector<std::uint64_t> hashes_;  // in the text's order, repeated ones, too
  Marks marks_;
  std::size_t marked_ = 0;
  std::uint64_t least_ = std::numeric_limits<std::uint64_t>::max();
  // Made for the first text that comes near.
  std::vector<Slot> table_;
  std::size_t distinct_ = 0;
  std::uint32_t texts_ = 0;  // that were compared, and the making of the table
  std::vector<std::uint64_t> of_text_, only_there_;
};

}  // namespace rare::bm25
