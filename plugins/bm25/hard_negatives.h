// BM25HardNeg: finds passages that look like the answer to a record's question and are not.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/bm25/crowd_memory.h"
#include "plugins/bm25/query_template.h"
#include "plugins/bm25/shingles.h"
#include "rare/context.h"
#include "rare/operator.h"
#include "rare/search_index.h"
#include "rare/spec.h"

namespace rare::bm25 {

// Takes the best-ranked documents of the corpus for the record's query, from a given rank on,
// except the record's own text, texts that equal it or an earlier negative after normalisation
// (text_identity.h), near-duplicates of it (shingles.h), and what scores too low, or too high
// beside the record's own text. Where the corpus has fewer, there are fewer. A corpus that was
// named apart from the records (SearchIndexTraits::apart) and lacks their texts stops the run: its
// negatives would be foreign. Thread-safety: process() may run for many records at once.
class HardNegatives final : public AsyncOperator {
 public:
  static Spec spec();

  Status open(Context& context) override;
  Task<Status> process(Record record, Output& out) override;

 private:
  struct Inputs {
    std::string query;
    std::string text;
    FoldedText positive;
    Shingles positive_shingles;
  };
  class Choice;
  static void add_fields(Spec& spec);
  Result<Inputs> inputs_of(const Record& record) const;
  Status check_fields(const Record& record) const;
  Status check_index() const;
  SearchRequest request_for(const std::shared_ptr<Choice>& choice, int k, int most,
                            bool keeps_hits) const;
  Status check_index_once();
  bool looks_for_own_text();
  Status note_positive(bool is_in_corpus);
  Status count_shortage(std::size_t found, Output& out);
  void store(Record& record, Choice& choice) const;
  std::vector<std::string> output_keys() const;
  Status named(const Status& cause) const;

  SearchIndex* index_ = nullptr;
  int num_neg_ = 3;
  int hard_neg_start_index_ = 0;
  double near_duplicate_ = 0.8;
  double min_score_ = 0;
  std::optional<double> max_score_ratio_;
  std::optional<double> k1_, b_;
  std::string query_;
  std::string input_question_key_;
  std::string input_text_key_;
  std::string output_negatives_key_;
  std::string output_ids_key_;
  std::string output_scores_key_;
  std::string output_ranks_key_;
  std::string output_positive_score_key_;
  std::string output_positive_rank_key_;
  bool overwrite_ = false;

  Context* context_ = nullptr;
  QueryTemplate template_;
  CrowdMemory crowds_;
  bool corpus_is_apart_ = false;
  std::atomic<bool> shortage_noted_{false};
  std::atomic<bool> foreign_noted_{false};
  std::atomic<bool> index_checked_{false};  // also what it knows of itself only by its first answer
  std::atomic<std::uint64_t> records_{0};   // where the corpus is apart
  std::atomic<std::uint64_t> positives_{0};  // of them, looked for
  std::atomic<std::uint64_t> foreign_{0};    // of these, not in the corpus
};

}  // namespace rare::bm25
