// How an index scores: as Lucene does (lucene_score.h), or as the published code of RARE does,
// which sends the query through the model, too:
//
//   sum over the query's distinct terms of (idf * S(tf_q, len_q)) * (idf * S(tf_d, len_d))
//   idf = ln(1 + (N - df + 0.5) / (df + 0.5))
//   S(tf, len) = tf / (tf + k1 * (1 - b + b * len / average))
//
// N documents have a term, df of them this one; lengths are exact; the query's counts the terms
// that the corpus has. All in double precision, terms in the order of their first occurrence in the
// query, the sum cast to float in the end. The source of the formula is gensim's LuceneBM25Model
// under SparseMatrixSimilarity. Compiled without fused multiply-add. Thread-safety: values.
#pragma once

#include <cstdint>

#include "plugins/bm25/lucene_score.h"

namespace rare::bm25 {

enum class Scoring { lucene, reference };

class ReferenceScore {
 public:
  // `documents`: those with at least one term; `terms`: of all documents together.
  ReferenceScore(Bm25Parameters parameters, std::uint64_t documents, std::uint64_t terms);

  // How rare a term is. REQUIRES: 1 <= documents_with_term <= documents.
  double inverse_document_frequency(std::uint64_t documents_with_term) const;
  // S of the formula. REQUIRES: count >= 1.
  double saturation(std::uint64_t count, std::uint64_t length) const {
    const auto tf = static_cast<double>(count);
    return tf / (tf + k1_ * (1 - b_ + b_ * static_cast<double>(length) / average_));
  }

 private:
  double k1_, b_;
  double documents_;
  double average_;  // length
};

}  // namespace rare::bm25
