#include "plugins/bm25/hard_negatives.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <unordered_set>
#include <utility>

#include "plugins/bm25/shortest_float.h"
#include "plugins/bm25/text_identity.h"

namespace rare::bm25 {
namespace {

// Large enough for any use, small enough that no sum of them overflows.
constexpr int kMaxParameter = 1'000'000;

// The record's own text is usually among the first hits: asked for in advance.
constexpr int kSpareHits = 2;

// Where the first hits are not enough: how many times as many are asked for next; and of an index
// that stops where there are enough, while nothing is known of the crowd. Copies come in thousands,
// too.
constexpr int kGrowth = 4;
constexpr int kGrowthIntoCrowd = 8;

// A positive further down counts as having no score of its own: hits bring their texts along.
constexpr int kDeepestPositive = 4096;

// A corpus is looked for under a text itself; it is the first hit but for texts of the same words.
constexpr int kHitsForOwnText = 10;

// Where a record is to hold the place of its own text, so many hits are looked at for it.
constexpr std::size_t kHitsForOwnPlace = 100;

// So many positives that are not in the corpus, and more than one of a hundred, are no chance.
constexpr std::uint64_t kForeignAtLeast = 10;
constexpr std::uint64_t kForeignShare = 100;

// The first records are all looked at, later ones by samples: a second search costs as much as the
// first.
constexpr std::uint64_t kAllLookedAt = 1000;
constexpr std::uint64_t kOneLookedAtOf = 16;

int grown(int hits, int growth) {
  constexpr int kLargest = std::numeric_limits<int>::max();
  return hits > kLargest / growth ? kLargest : hits * growth;
}

// How deep the next text of a crowd looks, whose last one had to look so deep: each further hit
// takes about a hundredth of what a search takes, and another search three times as much as one.
int depth_after(int depth, int first) {
  const auto next = std::int64_t{depth} + depth / 4 + first;
  return static_cast<int>(std::min<std::int64_t>(next, std::numeric_limits<int>::max()));
}

// The documents that were seen. Of most records five: a set would ask for memory for each.
class SeenDocuments {
 public:
  // Whether it is new.
  bool insert(std::uint64_t ordinal) {
    const auto end = few_.begin() + static_cast<std::ptrdiff_t>(count_);
    if (std::find(few_.begin(), end, ordinal) != end) return false;
    if (count_ == few_.size()) return more_.insert(ordinal).second;
    few_[count_++] = ordinal;
    return true;
  }
  void clear() {
    count_ = 0;
    more_.clear();
  }

 private:
  std::array<std::uint64_t, 16> few_;  // the first of them
  std::size_t count_ = 0;              // in there
  std::unordered_set<std::uint64_t> more_;
};

}  // namespace

Spec HardNegatives::spec() {
  Spec spec("BM25HardNeg");
  spec.summary("Finds hard negatives: passages close to the question that are not its own.")
      .description(
          "Asks the index for the documents that rank best for the query, and takes the first "
          "`num_neg` of them from rank `hard_neg_start_index` on. The record's own text is never "
          "among them, nor is a text that differs from it, or from another negative, only in case, "
          "white space and punctuation, nor a near-duplicate of it. Where the corpus has fewer "
          "documents that share a term with the query, there are fewer negatives.")
      .service(&HardNegatives::index_, "index", "The search index over the corpus.")
      .param(&HardNegatives::num_neg_, "num_neg", 3, "How many negatives a record gets.")
      .range(1, kMaxParameter)
      .param(&HardNegatives::hard_neg_start_index_, "hard_neg_start_index", 0,
             "The rank of the first hit that may be a negative, counted from 0 before the record's "
             "own text is taken out.")
      .range(0, kMaxParameter)
      .param(
          &HardNegatives::near_duplicate_, "near_duplicate", 0.8,
          "How much a text may have in common with the record's own before it counts as a "
          "near-duplicate, which is no negative: runs of three words (of three characters in Han "
          "text) in both, as a share of those in either. 1: only where all are the same.")
      .range(0.05, 1)
      .param(&HardNegatives::min_score_, "min_score", 0.0,
             "The lowest score that a negative may have.")
      .at_least(0)
      .param(&HardNegatives::max_score_ratio_, "max_score_ratio", std::nullopt,
             "The highest score that a negative may have, as a share of the score that the "
             "record's own text has for the same query (0 where it is not among the first 4,096 "
             "hits). What comes closer may be an answer, too.")
      .range(0, 1000)
      .param(&HardNegatives::k1_, "k1", std::nullopt,
             "The index's k1, for those who want it named here, too: another one is refused.")
      .range(0, 1000)
      .param(&HardNegatives::b_, "b", std::nullopt, "Likewise the index's b.")
      .range(0, 1)
      .param(&HardNegatives::query_, "query", "{{question}}",
             "The search query. {{question}} and {{text}} stand for the fields named by "
             "`input_question_key` and `input_text_key`, any other {{name}} for that field.");
  add_fields(spec);
  return spec;
}

void HardNegatives::add_fields(Spec& spec) {
  spec.param(&HardNegatives::input_question_key_, "input_question_key", "question",
             "The field that holds the question.")
      .param(&HardNegatives::input_text_key_, "input_text_key", "text",
             "The field that holds the record's own text, the positive.")
      .param(&HardNegatives::output_negatives_key_, "output_negatives_key", "hard_negatives",
             "The field for the list of negatives, best first.")
      .param(&HardNegatives::output_ids_key_, "output_ids_key", "",
             "A field for the negatives' ids in the corpus, in the same order. Empty: none.")
      .param(&HardNegatives::output_scores_key_, "output_scores_key", "",
             "A field for their scores. Empty: none.")
      .param(&HardNegatives::output_ranks_key_, "output_ranks_key", "",
             "A field for their ranks among all hits, counted from 0. Empty: none.")
      .param(&HardNegatives::output_positive_score_key_, "output_positive_score_key", "",
             "A field for the score of the record's own text for the same query; null where it is "
             "not among the first 100 hits. Where it is asked for, the search goes on until the "
             "text was found or so many hits were seen. Empty: none.")
      .param(&HardNegatives::output_positive_rank_key_, "output_positive_rank_key", "",
             "Likewise for its rank among all hits, counted from 0. Empty: none.")
      .param(&HardNegatives::overwrite_, "overwrite", false,
             "Whether fields that are already there may be replaced.")
      .reads_param("input_question_key")
      .reads_param("input_text_key")
      .writes_param("output_negatives_key")
      .writes_param("output_ids_key")
      .writes_param("output_scores_key")
      .writes_param("output_ranks_key")
      .writes_param("output_positive_score_key")
      .writes_param("output_positive_rank_key")
      .counter("fewer_negatives", "records with fewer negatives than `num_neg`")
      .counter("no_negatives", "records without any negative");
}

Status HardNegatives::open(Context& context) {
  context_ = &context;
  const std::vector<QueryTemplate::Alias> aliases = {{"question", input_question_key_},
                                                     {"text", input_text_key_}};
  Result<QueryTemplate> parsed = QueryTemplate::parse(query_, aliases);
  if (!parsed) {
    return Status(StatusCode::invalid_argument,
                  "node `" + context.name() +
                      "` (BM25HardNeg): parameter `query`: " + parsed.status().message());
  }
  template_ = std::move(*parsed);
  corpus_is_apart_ = index_->traits().apart;
  return check_index();
}

// k1 and b are the index's; who names them here as well means these.
Status HardNegatives::check_index() const {
  const SearchIndexTraits traits = index_->traits();
  const auto check = [&](const char* name, const std::optional<double>& wanted,
                         const std::optional<double>& found) {
    if (!wanted || !found || static_cast<float>(*wanted) == static_cast<float>(*found)) {
      return Status();
    }
    return Status(StatusCode::invalid_argument,
                  "node `" + context_->name() + "` (BM25HardNeg): parameter `" + name +
                      "`: expected the index's " + Json(*found).dump() + ", found " +
                      Json(*wanted).dump() + "; set it on the index, and leave it out here");
  };
  Status status = check("k1", k1_, traits.k1);
  return status.ok() ? check("b", b_, traits.b) : status;
}

std::vector<std::string> HardNegatives::output_keys() const {
  std::vector<std::string> keys;
  for (const std::string* key :
       {&output_negatives_key_, &output_ids_key_, &output_scores_key_, &output_ranks_key_,
        &output_positive_score_key_, &output_positive_rank_key_}) {
    if (!key->empty()) keys.push_back(*key);
  }
  return keys;
}

Status HardNegatives::named(const Status& cause) const {
  return Status(cause.code(), "node `" + context_->name() + "`: " + cause.message());
}

Status HardNegatives::check_fields(const Record& record) const {
  if (overwrite_) return Status();
  for (const std::string& key : output_keys()) {
    if (!record.has(key)) continue;
    return Status::run_fault(
        StatusCode::invalid_argument,
        "node `" + context_->name() + "`: the record already has a field `" + key +
            "`; give the result another name with `output_negatives_key` (or `output_ids_key`, "
            "...), or allow it to be replaced with `overwrite: true`");
  }
  return Status();
}

Result<HardNegatives::Inputs> HardNegatives::inputs_of(const Record& record) const {
  if (Status status = check_fields(record); !status.ok()) return status;
  const Result<std::string_view> question = text_field(record, input_question_key_);
  if (!question) return named(question.status());
  const Result<std::string_view> text = text_field(record, input_text_key_);
  if (!text) return named(text.status());
  Result<std::string> query = template_.fill(record);
  if (!query) return named(query.status());
  FoldedText positive(*text);
  Shingles shingles(positive);
  return Inputs{std::move(*query), std::string(*text), std::move(positive), std::move(shingles)};
}

// Goes through the hits of one record, best first, and chooses its negatives. It keeps these
// themselves: a server need not answer the same search twice alike.
class HardNegatives::Choice {
 public:
  struct Negative {
    SearchHit hit;
    std::size_t rank;  // in the answer that it was chosen from
  };
  Choice(HardNegatives& node, Inputs inputs) : node_(node), inputs_(std::move(inputs)) {}

  const Inputs& inputs() const { return inputs_; }
  std::deque<Negative>& negatives() { return negatives_; }
  bool has_positive() const { return has_positive_; }  // among the hits that it looked at
  bool complete() const {                              // no more hits would change it
    return complete_ && (!seeks_own_place_ || own_place_ || own_looked_at_ == kHitsForOwnPlace);
  }
  struct Place {
    float score;
    std::size_t rank;
  };
  // Of the record's own text, where it was to be found and is near enough.
  const std::optional<Place>& own_place() const { return own_place_; }

  // Of the answer that comes next: takes each of its hits before it is there. Whether the choice is
  // complete.
  void begin_answer() { asked_ = 0; }
  bool take_next(const SearchHit& hit) { return take(hit, asked_++); }
  std::size_t asked() const { return asked_; }

  // Takes a hit, unless an earlier answer had it. Whether the choice is complete.
  bool take(const SearchHit& hit, std::size_t rank) {
    if (seeks_own_place_) look_for_own_text(hit, rank);
    choose(hit, rank);
    return complete();
  }
  // Takes what it does not know of an answer.
  void take_all(const SearchHits& reply) {
    if (node_.max_score_ratio_) {
      restart();
      limit_to(reply);
    }
    for (std::size_t rank = 0; rank < reply.hits.size(); ++rank) {
      if (take(reply.hits[rank], rank)) return;
    }
  }

  bool has_own_text(const SearchHits& reply) {
    return std::any_of(reply.hits.begin(), reply.hits.end(),
                       [this](const SearchHit& hit) { return is_own_text(hit); });
  }

 private:
  void look_for_own_text(const SearchHit& hit, std::size_t rank) {
    if (own_place_ || rank >= kHitsForOwnPlace) return;
    own_looked_at_ = std::max(own_looked_at_, rank + 1);
    // In each answer from its first hit on: a later one may have it where another stood before.
    if (!not_own_.insert(hit.ordinal)) return;
    if (is_own_text(hit)) own_place_ = Place{hit.score, rank};
  }
  // Whether its text is the same as the record's own; folds it no further than it takes.
  bool is_own_text(const SearchHit& hit) {
    folded().begin(hit.text);
    return hit.text == inputs_.text || folded().has_key(inputs_.positive.key());
  }
  // That of the hit that is looked at, as far as it was needed. Of no use after that: its memory is
  // this thread's, and serves the next hit.
  static FoldedText& folded() {
    static thread_local FoldedText text;
    return text;
  }
  // Unless there are enough.
  void choose(const SearchHit& hit, std::size_t rank) {
    if (complete_ || !seen_.insert(hit.ordinal)) return;
    if (rank < static_cast<std::size_t>(node_.hard_neg_start_index_)) return;
    complete_ = static_cast<double>(hit.score) < node_.min_score_;
    if (complete_ || static_cast<double>(hit.score) > limit_) return;
    if (is_own_text(hit)) {
      has_positive_ = true;
      return;
    }
    if (node_.crowds_.reach(inputs_.positive_shingles, folded(), hit, node_.near_duplicate_))
      return;
    if (taken_.contains(folded())) return;
    negatives_.push_back({hit, rank});
    taken_.insert(folded(), negatives_.back().hit.text);
    complete_ = negatives_.size() == static_cast<std::size_t>(node_.num_neg_);
  }

  // Forgets all hits.
  void restart() {
    taken_.clear();
    negatives_.clear();
    seen_.clear();
    complete_ = has_positive_ = false;
  }
  // By the score of the record's own text.
  void limit_to(const SearchHits& reply) {
    limit_ = 0;
    for (const SearchHit& hit : reply.hits) {
      if (!is_own_text(hit)) continue;
      limit_ = *node_.max_score_ratio_ * static_cast<double>(hit.score);
      has_positive_ = true;
      return;
    }
  }

  HardNegatives& node_;
  Inputs inputs_;
  double limit_ = std::numeric_limits<double>::infinity();
  std::deque<Negative> negatives_;
  DistinctTexts taken_;  // theirs
  SeenDocuments seen_;   // of the hits that it looked at
  bool has_positive_ = false;
  bool complete_ = false;
  std::size_t asked_ = 0;  // hits of an answer that is not there yet
  const bool seeks_own_place_ =
      !node_.output_positive_score_key_.empty() || !node_.output_positive_rank_key_.empty();
  std::size_t own_looked_at_ = 0;  // the most first hits of one answer
  SeenDocuments not_own_;          // with another text
  std::optional<Place> own_place_;
};

// Where no hit must be known before others are chosen, the index is told when there are enough.
SearchRequest HardNegatives::request_for(const std::shared_ptr<Choice>& choice, int k, int most,
                                         bool keeps_hits) const {
  SearchRequest request(choice->inputs().query, k);
  if (max_score_ratio_) return request;
  request.most = most;
  request.keeps_hits = keeps_hits;
  choice->begin_answer();
  request.enough = [choice](const SearchHit& hit) { return choice->take_next(hit); };
  return request;
}

Status HardNegatives::count_shortage(std::size_t found, Output& out) {
  if (found >= static_cast<std::size_t>(num_neg_)) return Status();
  Status status = out.count("fewer_negatives");
  if (status.ok() && found == 0) status = out.count("no_negatives");
  if (!status.ok() || shortage_noted_.exchange(true)) return status;
  const bool bounded = min_score_ > 0 || max_score_ratio_.has_value();
  context_->log(LogLevel::warning,
                "a record gets " + std::to_string(found) + " of " + std::to_string(num_neg_) +
                    " negatives: the corpus has no more documents that share a term with its query "
                    "and differ from its text" +
                    (bounded ? " and score within `min_score` and `max_score_ratio`" : "") +
                    " (said once; `fewer_negatives` in the run's account counts them)");
  return status;
}

// Whether this record's is one of those that a corpus named apart is looked through for.
bool HardNegatives::looks_for_own_text() {
  if (!corpus_is_apart_) return false;
  const std::uint64_t number = records_++;
  return number < kAllLookedAt || number % kOneLookedAtOf == 0;
}

// One record's text is in the corpus, or it is not.
Status HardNegatives::note_positive(bool is_in_corpus) {
  const std::uint64_t positives = ++positives_;
  if (is_in_corpus) return Status();
  const std::uint64_t foreign = ++foreign_;
  if (foreign < kForeignAtLeast || foreign * kForeignShare <= positives) {
    if (!foreign_noted_.exchange(true)) {
      context_->log(LogLevel::warning,
                    "a record's own text is not in the corpus, so that its negatives may be "
                    "foreign to it (said once)");
    }
    return Status();
  }
  return Status::run_fault(
      StatusCode::invalid_argument,
      "node `" + context_->name() + "`: " + std::to_string(foreign) + " of " +
          std::to_string(positives) + " records have a text (`" + input_text_key_ +
          "`) that is not in the index's corpus, at most 1 in 100 was expected: their negatives "
          "would come from foreign documents; name the corpus that the records come from");
}

void HardNegatives::store(Record& record, Choice& choice) const {
  std::vector<double> scores;
  std::vector<std::size_t> ranks;
  Json::array_t texts, ids;
  texts.reserve(choice.negatives().size());
  for (auto& [hit, rank] : choice.negatives()) {
    texts.emplace_back(std::move(hit.text));
    if (!output_ids_key_.empty()) ids.emplace_back(std::move(hit.id));
    scores.push_back(shortest_double(hit.score));
    ranks.push_back(rank);
  }
  record[output_negatives_key_] = std::move(texts);
  if (!output_ids_key_.empty()) record[output_ids_key_] = std::move(ids);
  if (!output_scores_key_.empty()) record[output_scores_key_] = std::move(scores);
  if (!output_ranks_key_.empty()) record[output_ranks_key_] = ranks;
  const auto& own = choice.own_place();
  if (!output_positive_score_key_.empty()) {
    record[output_positive_score_key_] = own ? Json(shortest_double(own->score)) : Json();
  }
  if (!output_positive_rank_key_.empty()) {
    record[output_positive_rank_key_] = own ? Json(own->rank) : Json();
  }
}

// What the index says of itself with its first answer is checked then.
Status HardNegatives::check_index_once() {
  if (index_checked_.exchange(true)) return Status();
  const Status fits = check_index();
  return fits.ok() ? fits : Status::run_fault(fits.code(), fits.message());
}

Task<Status> HardNegatives::process(Record record, Output& out) {
  Result<Inputs> inputs = inputs_of(record);
  if (!inputs) co_return inputs.status();
  const auto choice = std::make_shared<Choice>(*this, std::move(*inputs));
  const bool is_looked_for = looks_for_own_text();
  SearchHits hits;
  const int first = hard_neg_start_index_ + num_neg_ + kSpareHits;
  int k = first;
  std::size_t found = 0;
  const int known_depth = crowds_.depth_for(choice->inputs().positive_shingles);
  int most = known_depth == 0 ? first : depth_after(known_depth, first);
  while (true) {
    SearchRequest request = request_for(choice, k, most, is_looked_for);
    const auto wanted = static_cast<std::size_t>(request.enough ? most : k);
    Result<SearchHits> reply = co_await index_->search(std::move(request));
    if (!reply) co_return reply.status();
    if (Status fits = check_index_once(); !fits.ok()) co_return fits;
    hits = std::move(*reply);
    choice->take_all(hits);
    // A service that does not ask what is enough gives k of them, however many there are.
    found = std::max(hits.hits.size(), choice->asked());
    const bool exhausted = found < wanted && found != static_cast<std::size_t>(k);
    // Beside a ratio nothing can be chosen until the record's own text was found.
    const bool too_deep = max_score_ratio_ && !choice->has_positive() && k >= kDeepestPositive;
    if (choice->complete() || exhausted || too_deep) break;
    k = grown(k, kGrowth);
    most = grown(most, known_depth == 0 ? kGrowthIntoCrowd : kGrowth);
  }
  const int depth = static_cast<int>(found);
  if (known_depth > 0 || depth > first) {
    crowds_.note_depth(choice->inputs().positive_shingles, depth);
  }
  if (is_looked_for) {
    bool is_in_corpus = choice->has_positive() || choice->has_own_text(hits);
    if (!is_in_corpus) {
      SearchRequest request(choice->inputs().text, kHitsForOwnText);
      Result<SearchHits> reply = co_await index_->search(std::move(request));
      if (!reply) co_return reply.status();
      is_in_corpus = choice->has_own_text(*reply);
    }
    if (Status status = note_positive(is_in_corpus); !status.ok()) co_return status;
  }
  Status counted = count_shortage(choice->negatives().size(), out);
  if (!counted.ok()) co_return counted;
  store(record, *choice);
  co_return out.emit(std::move(record));
}

}  // namespace rare::bm25
