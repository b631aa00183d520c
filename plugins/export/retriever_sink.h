// export.retriever: questions, the passages that answer them and those that do not, for trainers of
// embedding models.
//
// Sources of the forms: FlagEmbedding's examples/finetune/embedder/README.md (query, pos, neg);
// sentence-transformers' dataset overview (the order of the columns counts, and there are no
// others); Tevatron's train sets (query_id, query, positive_passages, negative_passages).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dataset_sink.h"
#include "plugins/prompt/prompt_template.h"

namespace rare::exports {

class RetrieverSink final : public DatasetSink {
 public:
  static Spec spec();

 protected:
  Status prepare() const override;
  Status append_rows(const Record& record, const std::string& document, std::string& lines,
                     Counts& left_out) const override;
  Json features() const override;
  Json settings() const override;

 private:
  struct Example {
    std::string query;
    std::string_view positive;
    std::string positive_id;  // tevatron
    std::vector<std::string_view> negatives;
    std::vector<std::string> negative_ids;  // tevatron: one for each
  };

  Result<Example> example_of(const Record& record, Counts& left_out) const;
  // Takes out the negatives that answer the question, being the document, and those that are there
  // already.
  static void take_out_known(Example& example, Counts& left_out);
  Status add_ids(const Record& record, Example& example) const;
  Status append_tuples(const Example& example, std::string& lines) const;
  static Status append_tevatron(const Record& record, const Example& example,
                                const std::string& document, std::string& lines);
  // Ids of the negatives, made from their texts where no field has them.
  Result<std::vector<std::string>> ids_of(const Record& record,
                                          const std::vector<std::string_view>& negatives) const;

  std::string format_, query_;
  int num_neg_ = 0;
  std::string input_text_key_, input_hardneg_key_, input_id_key_, input_negative_ids_key_;

  mutable prompt::PromptTemplate template_;
};

}  // namespace rare::exports
