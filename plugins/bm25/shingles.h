// How much two texts have in common, whatever their order on a larger scale: the Jaccard similarity
// of their shingles (A.Z. Broder, "On the resemblance and containment of documents", SEQUENCES
// 1997). Thread-safety: values; one thread at a time.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/bm25/text_identity.h"

namespace rare::bm25 {

// The runs of three words (FoldedText) of a text; the whole text where it has fewer.
class Shingles {
 public:
  explicit Shingles(const FoldedText& text);
  // The shingles in both, as a share of those in either; 0 where one of the texts has no word.
  double similarity(Shingles other);
  // Whether the similarity to the text's shingles is `share` or more. Looks only at the beginning
  // of a text that has little in common.
  bool reach(const FoldedText& text, double share);

 private:
  static std::size_t mark_of(std::uint64_t hash) { return hash >> 52; }
  double share_in_common(std::vector<std::uint64_t> hashes);
  void sort();

  std::vector<std::uint64_t> hashes_;  // in the text's order until somebody needs them sorted
  bool sorted_ = false;                // each is there once then
  std::bitset<4096> marks_;            // of the hashes, by their highest bits
  std::size_t marked_ = 0;
};

}  // namespace rare::bm25
