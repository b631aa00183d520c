// Exact BM25 search over an index file: the documents, scores (to the last bit) and order that
// scoring every document as Lucene does (or as the index's Scoring says) would give, without doing
// so.
//
//   WindowSearcher searcher(index);
//   const std::vector<Query> batch = {query_of(index, analyzer.terms_of(text), 20), ...};
//   std::vector<std::vector<ScoredDocument>> hits = searcher.search(batch);
//
// For each document of a window of documents a sum of 16 bits bounds its score from above: impacts
// in the index are rounded up, so a sum never says less than the score, and at most `slack` units
// more. The k-th best sum less the slack is a bound from below on the k-th score; whatever is under
// it is out. What is left at the end, some dozen documents, is scored exactly. Frequent terms are
// rows of one byte a document; they are added only in groups of 64 documents whose greatest sum
// and greatest bytes together reach that bound. A compact index has neither rows nor the documents'
// terms: these are counted in the texts again, which only the dozens take that are scored. All
// queries of a batch go over one window before the next, which then stays in the caches.
//
// Thread-safety: one searcher a thread; any number of them over one index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/best_documents.h"
#include "plugins/bm25/index_file.h"
#include "plugins/bm25/upper_bounds.h"
#include "plugins/bm25/window_kernels.h"

namespace rare::bm25 {

struct Clause {
  std::uint32_t term;
  std::uint32_t count;  // how often the query has it: its boost
};

struct Query {
  std::vector<Clause> clauses;  // distinct terms of the index, in the order of first occurrence
  std::size_t k = 0;
  // Where set, asked for each hit, best first; true: it is the last one that is wanted, and what
  // comes behind it need not be scored.
  std::function<bool(const ScoredDocument&)> enough;
};

// Terms that the index does not have are left out.
Query query_of(const IndexFile& index, std::span<const std::string> terms, std::size_t k);

class WindowSearcher {
 public:
  // REQUIRES: the index outlives it, and its analyzer is one of analyzer_names().
  explicit WindowSearcher(const IndexFile& index, const WindowKernels& kernels = window_kernels());

  // For each query its best k documents that share a term with it, best first, ties by ordinal.
  std::vector<std::vector<ScoredDocument>> search(std::span<const Query> queries);

 private:
  // A term that is no row, while its windows go by.
  struct Scattered {
    const PostingBlock* next;
    const PostingBlock* end;
    std::uint32_t boost;
  };
  // What a clause's impacts are multiplied by.
  struct Boost {
    std::uint32_t factor;
    double excess;  // over what was meant, by rounding up
  };
  // Of Scoring::reference.
  struct ReferenceWeight {
    double of_term;   // idf
    double of_query;  // idf * S(tf, length) of the query
  };
  struct Row {
    std::uint32_t row;
    std::uint32_t factor;  // boost * row_scale
  };
  // A query under way.
  struct Search {
    const Query* query;
    std::vector<Scattered> scattered;
    std::vector<Row> rows;
    unsigned shift = 0;        // sums are in units << shift, so that they do not overflow
    bool wide = false;         // 32-bit sums
    double factor_of_one = 1;  // the Boost::factor that stands for a boost of 1
    UpperBounds bounds;
  };
  // Postings of one scattered term in the window.
  struct Part {
    const std::uint32_t* begin;
    const std::uint32_t* end;
    std::uint32_t boost;
  };

  Search plan(const Query& query) const;
  void plan_sums(Search& search, std::span<const Boost> boosts) const;
  void plan_reference(Search& search) const;
  void plan_reference_sums(Search& search, std::span<const ReferenceWeight> weights,
                           double greatest_factor) const;
  std::vector<ReferenceWeight> reference_weights(const Query& query) const;
  void search_window(Search& search, std::uint64_t window);
  std::size_t parts_of(Search& search, std::uint64_t window);
  void scatter_all(const Search& search, std::size_t groups);
  void scatter_few(const Search& search);
  void look_into_best_groups(Search& search, std::uint64_t window, std::size_t groups);
  void look_into_groups(Search& search, std::uint64_t window, std::size_t padded);
  void fetch_rows(std::size_t group) const;
  static std::uint16_t narrow_threshold(const Search& search);
  void look_into_group(Search& search, std::uint64_t window, std::size_t group);
  void search_wide(Search& search, std::uint64_t window);
  void add_wide_rows(const Search& search, std::uint64_t window);
  std::vector<ScoredDocument> score(Search& search);
  void prepare_to_score(const Query& query);
  std::vector<ScoredDocument> score_until_enough(
      const Search& search, std::span<const UpperBounds::Candidate> candidates);
  double highest_score(const Search& search, std::uint32_t bound) const;
  ScoredDocument scored(const Search& search, std::size_t place,
                        std::span<const UpperBounds::Candidate> candidates);
  float exact_score(const Query& query, std::uint64_t ordinal);
  float reference_score(const Query& query, std::uint64_t ordinal);
  std::uint64_t count_terms(const Query& query, std::uint64_t ordinal);
  std::uint64_t count_terms_again(const Query& query, std::uint64_t ordinal);

  const IndexFile& index_;
  const WindowKernels& kernels_;
  const bool by_reference_;
  const LengthFactors length_factors_;
  const ReferenceScore reference_score_;
  std::vector<std::uint16_t> sums_;    // by offset in the window; all 0 between queries
  std::vector<std::uint16_t> bounds_;  // by group
  std::vector<std::uint8_t> touched_;  // by group; all 0 between queries
  std::vector<std::uint32_t> wide_sums_;
  std::vector<Part> parts_;
  std::vector<RowAddend> addends_;
  std::vector<std::uint32_t> groups_;
  std::vector<float> weights_;                      // by clause
  std::vector<ReferenceWeight> reference_weights_;  // likewise
  std::vector<std::uint32_t> clause_order_;         // by term
  std::vector<std::uint32_t> counts_;               // by clause, in the document at hand
  const std::unique_ptr<const Analyzer> analyzer_;  // of a compact index; else null
  std::vector<std::string> document_terms_;
};

}  // namespace rare::bm25
