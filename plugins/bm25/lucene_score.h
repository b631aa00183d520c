// Lucene's BM25Similarity (8.0 and later), step by step in the same precision, so that scores agree
// with Lucene's to the last bit. The sources of the formulas are
// org.apache.lucene.search.similarities .BM25Similarity and org.apache.lucene.util.SmallFloat.
// Compiled without fused multiply-add, which would round differently. Thread-safety: pure functions
// and immutable values.
#pragma once

#include <array>
#include <cstdint>

namespace rare::bm25 {

struct Bm25Parameters {
  float k1 = 0.9F;
  float b = 0.4F;
};

// A document's length in one byte: 0-39 exactly, then in ever larger steps, rounded down
// (SmallFloat.intToByte4).
std::uint8_t encode_length(std::uint32_t terms);
std::uint32_t decode_length(std::uint8_t norm);

// How rare a term is. REQUIRES: 1 <= documents_with_term <= documents.
float inverse_document_frequency(std::uint64_t documents_with_term, std::uint64_t documents);

// The part of the score that depends on a document's length, for each of its 256 encodings.
class LengthFactors {
 public:
  LengthFactors() = default;
  // `documents`: those with at least one term; `terms`: of all documents together.
  LengthFactors(Bm25Parameters parameters, std::uint64_t documents, std::uint64_t terms);
  float operator[](std::uint8_t norm) const { return factors_[norm]; }

 private:
  std::array<float, 256> factors_{};
};

// What a term adds to a document's score. `weight` = boost * inverse document frequency.
inline float term_score(float weight, float term_frequency, float length_factor) {
  return weight - weight / (1.0F + term_frequency * length_factor);
}

}  // namespace rare::bm25
