// How much two texts have in common, whatever their order on a larger scale: the Jaccard similarity
// of their shingles (A.Z. Broder, "On the resemblance and containment of documents", SEQUENCES
// 1997). Thread-safety: immutable values.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace rare::bm25 {

// The runs of three words of a text; the whole text where it has fewer. Words are what white space,
// control characters and punctuation leave, in lower case; a Han character is a word of its own.
class Shingles {
 public:
  explicit Shingles(std::string_view text);
  // The shingles in both, as a share of those in either; 0 where one of the texts has no word.
  double similarity(const Shingles& other) const;

 private:
  std::vector<std::uint64_t> hashes_;  // sorted, each once
};

}  // namespace rare::bm25
