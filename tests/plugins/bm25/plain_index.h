// The straightforward way to rank by BM25: an inverted index in memory, every posting scored. What
// the index file and its search must equal, bit for bit.
//
//   PlainIndexBuilder builder(parameters);
//   builder.add(0, analyzer.terms_of(text));
//   const PlainIndex index = std::move(builder).build();
//   SearchScratch scratch;
//   std::vector<ScoredDocument> hits = index.search(analyzer.terms_of(query), 20, scratch);
//
// Thread-safety: an index is immutable and any thread may search it, each with its own scratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/bm25/best_documents.h"
#include "plugins/bm25/lucene_score.h"

namespace rare::bm25::testing {

struct Posting {
  std::uint32_t document;
  std::uint32_t frequency;  // how often the term stands in the document
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using TermNumbers = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;

// One search's working memory, kept from search to search.
class SearchScratch {
 private:
  friend class PlainIndex;
  std::vector<double> scores_;       // by document; valid where seen_ is the current search
  std::vector<std::uint32_t> seen_;  // by document: the search that reached it last
  std::uint32_t search_ = 0;
  std::vector<std::uint32_t> reached_;  // the documents of this search
};

class PlainIndex {
 public:
  // The best k documents that share a term with the query, best first, ties by document number. A
  // term counts as often as the query has it; terms are added in the order of their first
  // occurrence. k >= 0.
  std::vector<ScoredDocument> search(const std::vector<std::string>& query_terms, std::size_t k,
                                     SearchScratch& scratch) const;

  std::uint64_t documents() const { return documents_; }        // with at least one term
  std::uint64_t terms() const { return term_numbers_.size(); }  // distinct
  std::uint64_t postings() const { return postings_.size(); }

 private:
  friend class PlainIndexBuilder;
  struct Clause {
    std::uint32_t term;
    std::uint32_t count;
  };
  std::vector<Clause> clauses_of(const std::vector<std::string>& query_terms) const;
  void add_scores(const Clause& clause, SearchScratch& scratch) const;

  TermNumbers term_numbers_;
  std::vector<std::uint64_t> first_posting_;  // by term, one more at the end
  std::vector<Posting> postings_;             // by term, then by document
  std::vector<std::uint8_t> norms_;           // by document
  LengthFactors length_factors_;
  std::uint64_t documents_ = 0;
};

class PlainIndexBuilder {
 public:
  explicit PlainIndexBuilder(Bm25Parameters parameters) : parameters_(parameters) {}

  // REQUIRES: document numbers grow from call to call. Numbers left out, and documents without a
  // term, do not count as documents of the collection.
  void add(std::uint32_t document, const std::vector<std::string>& terms);
  PlainIndex build() &&;

 private:
  std::uint32_t number_of(const std::string& term);

  Bm25Parameters parameters_;
  TermNumbers term_numbers_;
  std::vector<std::vector<Posting>> postings_;  // by term
  std::vector<std::uint8_t> norms_;
  std::vector<std::uint32_t> document_terms_;  // of the document being added
  std::uint64_t documents_ = 0;
  std::uint64_t total_terms_ = 0;
};

}  // namespace rare::bm25::testing
