#include "plugins/bm25/window_search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

namespace rare::bm25 {
namespace {

constexpr std::uint32_t kGreatestSum = 65535;
constexpr std::uint32_t kGreatestFactor = 256;  // of RowAddend
constexpr unsigned kGreatestShift = 8;          // likewise
constexpr double kLeastReferenceFactor = 16;
constexpr std::size_t kGroupsAhead = 4;
constexpr std::size_t kCandidatesAhead = 4;
constexpr std::uint32_t kSpreadFactor = 0x9E3779B1;  // a prime near 2^32 / golden ratio
constexpr std::uint64_t kGreatestWideSum = std::uint64_t{1} << 31;

// (value * boost) in units << shift, rounded up.
constexpr std::uint32_t scaled(std::uint64_t value, std::uint64_t boost, unsigned shift) {
  return static_cast<std::uint32_t>((value * boost + (std::uint64_t{1} << shift) - 1) >> shift);
}

template <class Add>
void for_each_bit(std::uint64_t bits, const Add& add) {
  for (; bits != 0; bits &= bits - 1) add(static_cast<std::size_t>(std::countr_zero(bits)));
}

}  // namespace

std::uint16_t WindowSearcher::narrow_threshold(const Search& search) {
  return static_cast<std::uint16_t>(std::min(search.bounds.threshold(), kGreatestSum));
}

// Clauses in the order in which their terms come first. A table with open addressing, half full at
// most, tells which have come: a map would ask for memory for each.
Query query_of(const IndexFile& index, std::span<const std::string> terms, std::size_t k) {
  Query query;
  query.k = k;
  query.clauses.reserve(terms.size());
  std::vector<std::uint32_t> places(std::bit_ceil(2 * terms.size() + 1));  // of clauses, from 1
  const std::size_t mask = places.size() - 1;
  for (const std::string& text : terms) {
    const std::optional<std::uint32_t> term = index.term_number(text);
    if (!term) continue;
    std::size_t at = (*term * kSpreadFactor) & mask;
    while (places[at] != 0 && query.clauses[places[at] - 1].term != *term) at = (at + 1) & mask;
    if (places[at] == 0) {
      query.clauses.push_back({*term, 1});
      places[at] = static_cast<std::uint32_t>(query.clauses.size());
    } else {
      ++query.clauses[places[at] - 1].count;
    }
  }
  return query;
}

WindowSearcher::WindowSearcher(const IndexFile& index, const WindowKernels& kernels)
    : index_(index),
      kernels_(kernels),
      by_reference_(index.header().scoring() == Scoring::reference),
      length_factors_(index.header().parameters, index.header().documents,
                      index.header().total_terms),
      reference_score_(index.header().parameters, index.header().documents,
                       index.header().total_terms),
      sums_(index.header().windows() == 0 ? 0 : index.header().window_width(0), 0),
      bounds_(index.header().windows() == 0 ? 0 : index.header().maxima_width(0), 0),
      touched_(bounds_.size(), 0),
      analyzer_(index.header().compact() ? make_analyzer(index.analyzer()) : nullptr) {}

std::vector<std::vector<ScoredDocument>> WindowSearcher::search(std::span<const Query> queries) {
  std::vector<Search> searches;
  searches.reserve(queries.size());
  for (const Query& query : queries) searches.push_back(plan(query));
  for (std::uint64_t window = 0; window < index_.header().windows(); ++window) {
    for (Search& search : searches) {
      if (search.query->k > 0) search_window(search, window);
    }
  }
  std::vector<std::vector<ScoredDocument>> hits;
  hits.reserve(queries.size());
  for (Search& search : searches) hits.push_back(score(search));
  return hits;
}

WindowSearcher::Search WindowSearcher::plan(const Query& query) const {
  Search search{&query, {}, {}, 0, false, 1, UpperBounds(0, 0)};
  if (by_reference_) {
    plan_reference(search);
    return search;
  }
  std::vector<Boost> boosts;
  for (const Clause& clause : query.clauses) boosts.push_back({clause.count, 0});
  plan_sums(search, boosts);
  return search;
}

void WindowSearcher::plan_sums(Search& search, std::span<const Boost> boosts) const {
  const std::vector<Clause>& clauses = search.query->clauses;
  search.scattered.clear();
  search.rows.clear();
  search.shift = 0;
  std::uint64_t greatest = 0;
  std::uint64_t greatest_factor = 0;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    const TermRecord& term = index_.term(clauses[i].term);
    greatest += std::uint64_t{term.max_impact} * boosts[i].factor;
    if (term.row == kNoRow) {
      const auto blocks = index_.blocks(clauses[i].term);
      search.scattered.push_back({blocks.data(), blocks.data() + blocks.size(), boosts[i].factor});
    } else {
      const std::uint64_t factor = std::uint64_t{term.row_scale} * boosts[i].factor;
      greatest_factor = std::max(greatest_factor, factor);
      search.rows.push_back({term.row, static_cast<std::uint32_t>(factor)});
    }
  }
  // Rounding up may add one to each clause.
  const auto fits = [&](std::uint64_t limit) {
    return (greatest >> search.shift) + 2 * clauses.size() <= limit;
  };
  while (search.shift < kGreatestShift && !fits(kGreatestSum)) ++search.shift;
  search.wide = !fits(kGreatestSum) || greatest_factor > kGreatestFactor;
  if (search.wide) {
    for (search.shift = 0; !fits(kGreatestWideSum);) ++search.shift;
  }
  // An impact is less than 1.01 units above what the clause adds, a row's byte 1.01 of its steps.
  double slack = 2;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    const TermRecord& term = index_.term(clauses[i].term);
    const double step = term.row == kNoRow ? 1 : term.row_scale;
    slack += (1.01 * step * boosts[i].factor + term.max_impact * boosts[i].excess) /
                 std::exp2(search.shift) +
             (search.shift > 0 ? 1 : 0);
  }
  // One clause alone: where its sum is higher, its score is not lower.
  if (clauses.size() == 1 && !by_reference_) slack = 0;
  search.bounds = UpperBounds(search.query->k, static_cast<std::uint32_t>(std::min(slack, 4e9)));
}

// Boosts are fractions: whole numbers up to kGreatestFactor stand for them, smaller ones where sums
// would overflow 16 bits otherwise.
void WindowSearcher::plan_reference(Search& search) const {
  const std::vector<ReferenceWeight> weights = reference_weights(*search.query);
  for (double greatest = kGreatestFactor - 1; greatest >= kLeastReferenceFactor; greatest /= 2) {
    plan_reference_sums(search, weights, greatest);
    if (!search.wide) return;
  }
  plan_reference_sums(search, weights, kGreatestFactor - 1);
}

void WindowSearcher::plan_reference_sums(Search& search, std::span<const ReferenceWeight> weights,
                                         double greatest_factor) const {
  const std::vector<Clause>& clauses = search.query->clauses;
  double greatest = 0;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    const TermRecord& term = index_.term(clauses[i].term);
    const double step = term.row == kNoRow ? 1 : term.row_scale;
    greatest = std::max(greatest, weights[i].of_query * step);
  }
  search.factor_of_one = greatest > 0 ? greatest_factor / greatest : 1;
  std::vector<Boost> boosts;
  for (const ReferenceWeight& weight : weights) {
    const double wanted = weight.of_query * search.factor_of_one;
    const double factor = std::max(1.0, std::ceil(wanted));
    boosts.push_back({static_cast<std::uint32_t>(factor), factor - wanted});
  }
  plan_sums(search, boosts);
}

std::vector<WindowSearcher::ReferenceWeight> WindowSearcher::reference_weights(
    const Query& query) const {
  std::uint64_t length = 0;
  for (const Clause& clause : query.clauses) length += clause.count;
  std::vector<ReferenceWeight> weights;
  for (const Clause& clause : query.clauses) {
    const double idf =
        reference_score_.inverse_document_frequency(index_.term(clause.term).documents);
    weights.push_back({idf, idf * reference_score_.saturation(clause.count, length)});
  }
  return weights;
}

// Finds the postings of this window; returns how many there are.
std::size_t WindowSearcher::parts_of(Search& search, std::uint64_t window) {
  parts_.clear();
  std::size_t count = 0;
  for (Scattered& term : search.scattered) {
    if (term.next == term.end || term.next->window != window) continue;
    const std::uint32_t* begin = index_.postings(window) + term.next->begin;
    const std::size_t postings = std::size_t{term.next->last} + 1;
    parts_.push_back({begin, begin + postings, term.boost});
    count += postings;
    ++term.next;
  }
  return count;
}

void WindowSearcher::search_window(Search& search, std::uint64_t window) {
  const std::size_t postings = parts_of(search, window);
  if (search.wide) {
    search_wide(search, window);
    return;
  }
  if (postings == 0 && search.rows.empty()) return;
  const std::uint32_t width = index_.header().window_width(window);
  const std::size_t groups = width / kGroupDocuments;
  const std::size_t padded = index_.header().maxima_width(window);
  std::fill_n(bounds_.begin(), padded, std::uint16_t{0});
  addends_.clear();
  for (const Row& row : search.rows) {
    addends_.push_back(
        {index_.row_maxima(window, row.row), static_cast<std::uint16_t>(row.factor)});
  }
  kernels_.add_rows(addends_.data(), addends_.size(), search.shift, padded, bounds_.data());
  const bool few = postings < groups;
  if (few) {
    scatter_few(search);
  } else {
    scatter_all(search, groups);
  }
  for (std::size_t i = 0; i < addends_.size(); ++i) {
    addends_[i].values = index_.row(window, search.rows[i].row);
  }
  if (!search.bounds.full()) look_into_best_groups(search, window, groups);
  look_into_groups(search, window, padded);
  if (!few) {
    std::fill_n(sums_.begin(), width, std::uint16_t{0});
    return;
  }
  for (const Part& part : parts_) {
    for (const std::uint32_t* at = part.begin; at != part.end; ++at) {
      sums_[*at & 0xFFFF] = 0;
    }
  }
}

void WindowSearcher::scatter_all(const Search& search, std::size_t groups) {
  std::uint16_t* sums = sums_.data();
  for (const Part& part : parts_) {
    if (part.boost == 1 && search.shift == 0) {
      for (const std::uint32_t* at = part.begin; at != part.end; ++at) {
        sums[*at & 0xFFFF] = static_cast<std::uint16_t>(sums[*at & 0xFFFF] + (*at >> 16));
      }
    } else {
      for (const std::uint32_t* at = part.begin; at != part.end; ++at) {
        sums[*at & 0xFFFF] = static_cast<std::uint16_t>(
            sums[*at & 0xFFFF] + scaled(*at >> 16, part.boost, search.shift));
      }
    }
  }
  kernels_.add_group_maxima(sums, groups, bounds_.data());
}

// So few postings that most groups have none: only those that have are looked at.
void WindowSearcher::scatter_few(const Search& search) {
  for (const Part& part : parts_) {
    for (const std::uint32_t* at = part.begin; at != part.end; ++at) {
      const std::uint32_t offset = *at & 0xFFFF;
      sums_[offset] =
          static_cast<std::uint16_t>(sums_[offset] + scaled(*at >> 16, part.boost, search.shift));
      touched_[offset / kGroupDocuments] = 1;
    }
  }
  for (const Part& part : parts_) {
    for (const std::uint32_t* at = part.begin; at != part.end; ++at) {
      const std::uint32_t group = (*at & 0xFFFF) / kGroupDocuments;
      if (touched_[group] == 0) continue;
      touched_[group] = 0;
      kernels_.add_group_maxima(sums_.data() + std::size_t{group} * kGroupDocuments, 1,
                                bounds_.data() + group);
    }
  }
}

// While there is no threshold: the groups with the highest bounds give a good one.
void WindowSearcher::look_into_best_groups(Search& search, std::uint64_t window,
                                           std::size_t groups) {
  groups_.clear();
  for (std::uint32_t group = 0; group < groups; ++group) {
    if (bounds_[group] > 0) groups_.push_back(group);
  }
  const auto higher = [&](std::uint32_t left, std::uint32_t right) {
    return bounds_[left] != bounds_[right] ? bounds_[left] > bounds_[right] : left < right;
  };
  if (search.query->k < groups_.size()) {
    const auto end = groups_.begin() + static_cast<std::ptrdiff_t>(search.query->k);
    std::nth_element(groups_.begin(), end, groups_.end(), higher);
    groups_.erase(end, groups_.end());
  }
  std::sort(groups_.begin(), groups_.end(), higher);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (bounds_[groups_[i]] < search.bounds.threshold()) return;
    if (i + kGroupsAhead < groups_.size()) fetch_rows(groups_[i + kGroupsAhead]);
    look_into_group(search, window, groups_[i]);
    bounds_[groups_[i]] = 0;
  }
}

// All groups whose bounds reach the threshold.
void WindowSearcher::look_into_groups(Search& search, std::uint64_t window, std::size_t padded) {
  groups_.clear();
  const std::uint16_t threshold = narrow_threshold(search);
  for (std::size_t first = 0; first < padded; first += 64) {
    for_each_bit(kernels_.at_least(bounds_.data() + first, threshold), [&](std::size_t bit) {
      groups_.push_back(static_cast<std::uint32_t>(first + bit));
    });
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (i + kGroupsAhead < groups_.size()) fetch_rows(groups_[i + kGroupsAhead]);
    // The threshold grows on the way.
    if (bounds_[groups_[i]] >= search.bounds.threshold()) {
      look_into_group(search, window, groups_[i]);
    }
  }
}

// Rows of a group are far apart in memory: they are asked for before they are needed.
void WindowSearcher::fetch_rows(std::size_t group) const {
  for (const RowAddend& row : addends_) {
    __builtin_prefetch(row.values + group * kGroupDocuments);
  }
}

void WindowSearcher::look_into_group(Search& search, std::uint64_t window, std::size_t group) {
  const std::size_t first = group * kGroupDocuments;
  alignas(64) std::uint16_t sums[kGroupDocuments];
  std::memcpy(sums, sums_.data() + first, sizeof sums);
  RowAddend rows[32];
  for (std::size_t begin = 0; begin < addends_.size(); begin += std::size(rows)) {
    const std::size_t count = std::min(std::size(rows), addends_.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      rows[i] = {addends_[begin + i].values + first, addends_[begin + i].factor};
    }
    kernels_.add_rows(rows, count, search.shift, kGroupDocuments, sums);
  }
  const std::uint16_t threshold = narrow_threshold(search);
  const std::uint64_t ordinal = window * index_.header().window_documents + first;
  for_each_bit(kernels_.at_least(sums, threshold), [&](std::size_t bit) {
    if (sums[bit] < search.bounds.threshold()) return;
    search.bounds.add(sums[bit], static_cast<std::uint32_t>(ordinal + bit));
  });
}

void WindowSearcher::search_wide(Search& search, std::uint64_t window) {
  const std::uint32_t width = index_.header().window_width(window);
  wide_sums_.assign(width, 0);
  for (const Part& part : parts_) {
    for (const std::uint32_t* at = part.begin; at != part.end; ++at) {
      wide_sums_[*at & 0xFFFF] += scaled(*at >> 16, part.boost, search.shift);
    }
  }
  for (const Row& row : search.rows) {
    const std::uint8_t* values = index_.row(window, row.row);
    for (std::uint32_t i = 0; i < width; ++i) {
      wide_sums_[i] += scaled(values[i], row.factor, search.shift);
    }
  }
  const std::uint64_t first = window * index_.header().window_documents;
  for (std::uint32_t i = 0; i < width; ++i) {
    if (wide_sums_[i] < search.bounds.threshold()) continue;
    search.bounds.add(wide_sums_[i], static_cast<std::uint32_t>(first + i));
  }
}

// How often the document has each clause's term. Gives its length where the scoring asks for it.
std::uint64_t WindowSearcher::count_terms(const Query& query, std::uint64_t ordinal) {
  counts_.assign(query.clauses.size(), 0);
  if (analyzer_ != nullptr) return count_terms_again(query, ordinal);
  std::uint64_t length = 0;
  DocumentReader document = index_.document(ordinal);
  bool more = document.next();
  for (const std::uint32_t i : clause_order_) {
    const std::uint32_t term = query.clauses[i].term;
    for (; more && document.current().term < term; more = document.next()) {
      length += document.current().count;
    }
    if (!more) break;
    if (document.current().term == term) counts_[i] = document.current().count;
  }
  for (; by_reference_ && more; more = document.next()) length += document.current().count;
  return length;
}

std::uint64_t WindowSearcher::count_terms_again(const Query& query, std::uint64_t ordinal) {
  document_terms_.clear();
  analyzer_->analyze(index_.text(ordinal), document_terms_);
  for (const std::string& text : document_terms_) {
    const std::optional<std::uint32_t> term = index_.term_number(text);
    if (!term) continue;
    const auto at = std::lower_bound(
        clause_order_.begin(), clause_order_.end(), *term,
        [&](std::uint32_t i, std::uint32_t wanted) { return query.clauses[i].term < wanted; });
    if (at != clause_order_.end() && query.clauses[*at].term == *term) ++counts_[*at];
  }
  return document_terms_.size();
}

// Clause by clause in double, in the query's order, as Lucene adds them.
float WindowSearcher::exact_score(const Query& query, std::uint64_t ordinal) {
  if (by_reference_) return reference_score(query, ordinal);
  const float length_factor = length_factors_[index_.norm(ordinal)];
  count_terms(query, ordinal);
  double sum = 0;
  for (std::size_t i = 0; i < query.clauses.size(); ++i) {
    if (counts_[i] == 0) continue;
    sum += term_score(weights_[i], static_cast<float>(counts_[i]), length_factor);
  }
  return static_cast<float>(sum);
}

float WindowSearcher::reference_score(const Query& query, std::uint64_t ordinal) {
  const std::uint64_t length = count_terms(query, ordinal);
  double sum = 0;
  for (std::size_t i = 0; i < query.clauses.size(); ++i) {
    if (counts_[i] == 0) continue;
    const ReferenceWeight& weight = reference_weights_[i];
    sum += weight.of_query * (weight.of_term * reference_score_.saturation(counts_[i], length));
  }
  return static_cast<float>(sum);
}

void WindowSearcher::prepare_to_score(const Query& query) {
  if (by_reference_) reference_weights_ = reference_weights(query);
  weights_.clear();
  for (const Clause& clause : query.clauses) {
    weights_.push_back(
        static_cast<float>(clause.count) *
        inverse_document_frequency(index_.term(clause.term).documents, index_.header().documents));
  }
  clause_order_.resize(query.clauses.size());
  std::iota(clause_order_.begin(), clause_order_.end(), 0U);
  std::sort(clause_order_.begin(), clause_order_.end(),
            [&](std::uint32_t left, std::uint32_t right) {
              return query.clauses[left].term < query.clauses[right].term;
            });
}

// The highest score that a bound stands for; one unit more, as the cast to float may round a sum
// up.
double WindowSearcher::highest_score(const Search& search, std::uint32_t bound) const {
  return (bound + 1.0) * index_.header().unit * std::exp2(search.shift) / search.factor_of_one;
}

ScoredDocument WindowSearcher::scored(const Search& search, std::size_t place,
                                      std::span<const UpperBounds::Candidate> candidates) {
  if (place + kCandidatesAhead < candidates.size()) {
    index_.fetch_document(candidates[place + kCandidatesAhead].document);
  }
  const std::uint32_t document = candidates[place].document;
  return {document, exact_score(*search.query, document)};
}

std::vector<ScoredDocument> WindowSearcher::score(Search& search) {
  prepare_to_score(*search.query);
  const std::span<const UpperBounds::Candidate> candidates = search.bounds.candidates();
  if (search.query->enough) return score_until_enough(search, candidates);
  BestDocuments best(search.query->k);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (best.full() && highest_score(search, candidates[i].bound) < best.worst_score()) break;
    best.offer(scored(search, i, candidates));
  }
  return std::move(best).take();
}

// A document is the next hit once no bound of those that are left to score reaches its score.
std::vector<ScoredDocument> WindowSearcher::score_until_enough(
    const Search& search, std::span<const UpperBounds::Candidate> candidates) {
  const auto worse = [](const ScoredDocument& left, const ScoredDocument& right) {
    return better(right, left);
  };
  std::vector<ScoredDocument> hits;
  std::vector<ScoredDocument> waiting;  // the best in front
  for (std::size_t i = 0; i < candidates.size() || !waiting.empty();) {
    const bool is_next =
        !waiting.empty() && (i == candidates.size() ||
                             highest_score(search, candidates[i].bound) < waiting.front().score);
    if (!is_next) {
      waiting.push_back(scored(search, i++, candidates));
      std::push_heap(waiting.begin(), waiting.end(), worse);
      continue;
    }
    std::pop_heap(waiting.begin(), waiting.end(), worse);
    hits.push_back(waiting.back());
    waiting.pop_back();
    if (search.query->enough(hits.back()) || hits.size() == search.query->k) break;
  }
  return hits;
}

}  // namespace rare::bm25
