#include "plain_index.h"

#include <algorithm>
#include <utility>

namespace rare::bm25::testing {
void PlainIndexBuilder::add(std::uint32_t document, const std::vector<std::string>& terms) {
  norms_.resize(document + std::size_t{1}, 0);
  if (terms.empty()) return;
  norms_[document] = encode_length(static_cast<std::uint32_t>(terms.size()));
  ++documents_;
  total_terms_ += terms.size();

  document_terms_.clear();
  for (const std::string& term : terms) document_terms_.push_back(number_of(term));
  std::sort(document_terms_.begin(), document_terms_.end());
  for (std::size_t i = 0; i < document_terms_.size();) {
    const std::uint32_t term = document_terms_[i];
    std::uint32_t frequency = 0;
    for (; i < document_terms_.size() && document_terms_[i] == term; ++i) ++frequency;
    postings_[term].push_back(Posting{document, frequency});
  }
}

std::uint32_t PlainIndexBuilder::number_of(const std::string& term) {
  const auto [at, added] =
      term_numbers_.try_emplace(term, static_cast<std::uint32_t>(postings_.size()));
  if (added) postings_.emplace_back();
  return at->second;
}

PlainIndex PlainIndexBuilder::build() && {
  PlainIndex index;
  std::size_t total = 0;
  for (const auto& of_term : postings_) total += of_term.size();
  index.postings_.reserve(total);
  index.first_posting_.reserve(postings_.size() + 1);
  for (auto& of_term : postings_) {
    index.first_posting_.push_back(index.postings_.size());
    index.postings_.insert(index.postings_.end(), of_term.begin(), of_term.end());
    std::vector<Posting>().swap(of_term);  // both copies of all postings at once would be too many
  }
  index.first_posting_.push_back(index.postings_.size());
  index.term_numbers_ = std::move(term_numbers_);
  index.norms_ = std::move(norms_);
  index.length_factors_ = LengthFactors(parameters_, documents_, total_terms_);
  index.documents_ = documents_;
  return index;
}

std::vector<PlainIndex::Clause> PlainIndex::clauses_of(
    const std::vector<std::string>& query_terms) const {
  std::vector<Clause> clauses;
  std::unordered_map<std::uint32_t, std::size_t> clause_of_term;
  for (const std::string& term : query_terms) {
    const auto known = term_numbers_.find(term);
    if (known == term_numbers_.end()) continue;
    const auto [at, added] = clause_of_term.try_emplace(known->second, clauses.size());
    if (added) {
      clauses.push_back(Clause{known->second, 1});
    } else {
      ++clauses[at->second].count;
    }
  }
  return clauses;
}

void PlainIndex::add_scores(const Clause& clause, SearchScratch& scratch) const {
  const std::uint64_t begin = first_posting_[clause.term];
  const std::uint64_t end = first_posting_[clause.term + 1];
  const float weight =
      static_cast<float>(clause.count) * inverse_document_frequency(end - begin, documents_);
  for (std::uint64_t i = begin; i < end; ++i) {
    const Posting& posting = postings_[i];
    const float score = term_score(weight, static_cast<float>(posting.frequency),
                                   length_factors_[norms_[posting.document]]);
    if (scratch.seen_[posting.document] != scratch.search_) {
      scratch.seen_[posting.document] = scratch.search_;
      scratch.scores_[posting.document] = score;
      scratch.reached_.push_back(posting.document);
    } else {
      scratch.scores_[posting.document] += score;
    }
  }
}

std::vector<ScoredDocument> PlainIndex::search(const std::vector<std::string>& query_terms,
                                               std::size_t k, SearchScratch& scratch) const {
  if (scratch.seen_.size() != norms_.size() || ++scratch.search_ == 0) {
    scratch.scores_.resize(norms_.size());
    scratch.seen_.assign(norms_.size(), 0);
    scratch.search_ = 1;
  }
  scratch.reached_.clear();
  for (const Clause& clause : clauses_of(query_terms)) add_scores(clause, scratch);
  BestDocuments best(k);
  for (const std::uint32_t document : scratch.reached_) {
    best.offer({document, static_cast<float>(scratch.scores_[document])});
  }
  return std::move(best).take();
}

}  // namespace rare::bm25::testing
