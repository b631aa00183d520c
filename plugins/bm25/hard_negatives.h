// BM25HardNeg: finds passages that look like the answer to a record's question and are not.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/bm25/query_template.h"
#include "plugins/bm25/shingles.h"
#include "rare/context.h"
#include "rare/operator.h"
#include "rare/search_index.h"
#include "rare/spec.h"

namespace rare::bm25 {

// Takes the best-ranked documents of the corpus for the record's query, from a given rank on,
// except the record's own text, texts that equal it or an earlier negative after normalisation
// (text_identity.h), and near-duplicates of it (shingles.h). Where the corpus has fewer, there are
// fewer.
// Thread-safety: process() may run for many records at once.
class HardNegatives final : public AsyncOperator {
 public:
  static Spec spec();

  Status open(Context& context) override;
  Task<Status> process(Record record, Output& out) override;

 private:
  struct Inputs {
    std::string query;
    std::string positive_key;
    Shingles positive;
  };
  Result<Inputs> inputs_of(const Record& record) const;
  std::vector<std::string> select(const SearchHits& reply, const Inputs& inputs) const;
  void note_shortage(std::size_t found);
  Status named(const Status& cause) const;

  SearchIndex* index_ = nullptr;
  int num_neg_ = 3;
  int hard_neg_start_index_ = 0;
  double near_duplicate_ = 0.8;
  std::string query_;
  std::string input_question_key_;
  std::string input_text_key_;
  std::string output_negatives_key_;
  bool overwrite_ = false;

  Context* context_ = nullptr;
  QueryTemplate template_;
  std::atomic<bool> shortage_noted_{false};
};

}  // namespace rare::bm25
