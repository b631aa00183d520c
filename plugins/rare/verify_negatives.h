// VerifyNegatives: from candidates that look like negatives to those that a judge finds to be some.
#pragma once

#include <string>
#include <vector>

#include "chat_operator.h"

namespace rare::distill {

class VerifyNegatives final : public ChatOperator {
 public:
  static Spec spec();

 protected:
  std::vector<std::string_view> needed_names() const override { return {"candidates", "question"}; }
  std::vector<OutputField> written_fields() const override;
  Status check_parameters() const override;
  Result<Preparation> prepare(const Record& record) const override;
  Json schema_for(const Record& record) const override;
  std::string problem_of(const ChatReply& reply, const std::string& prompt) const override;
  std::string problem_for(const Record& record, const ChatReply& reply,
                          const std::string& prompt) const override;
  void store(const ChatReply& reply, Record& record) const override;
  Status give_out(Record record, Output& out) const override;

 private:
  // REQUIRES: prepare() was satisfied with the record.
  std::size_t count_candidates(const Record& record) const;
  Status check_parallel(const Record& record, std::size_t candidates) const;

  std::string input_text_key_, input_question_key_, input_scenario_key_, input_hardneg_key_;
  std::string output_negatives_key_, output_verdicts_key_, output_removed_key_;
  std::vector<std::string> parallel_keys_;
  int num_neg_ = 3;
  int min_neg_ = 0;
  std::string on_too_few_;
};

}  // namespace rare::distill
