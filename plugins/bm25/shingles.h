// How much two texts have in common, whatever their order on a larger scale: the Jaccard similarity
// of their shingles (A.Z. Broder, "On the resemblance and containment of documents", SEQUENCES
// 1997). Thread-safety: immutable values.
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
  double similarity(const Shingles& other) const;
  // Whether the similarity to the text's shingles is `share` or more. Hardly looks at a text that
  // has little in common.
  bool reach(const FoldedText& text, double share) const;

 private:
  static std::size_t mark_of(std::uint64_t hash) { return hash >> 52; }

  std::vector<std::uint64_t> hashes_;  // sorted, each once
  std::bitset<4096> marks_;            // of the hashes, by their highest bits
};

}  // namespace rare::bm25
