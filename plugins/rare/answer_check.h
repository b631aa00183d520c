// AnswerCheck: rejection sampling, by whether an answer agrees with others to the same question.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat_operator.h"

namespace rare::distill {

class AnswerCheck final : public ChatOperator {
 public:
  static Spec spec();

 protected:
  std::vector<std::string_view> needed_names() const override { return {"answer", "references"}; }
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
  Result<std::vector<std::string_view>> references_of(const Record& record) const;
  // REQUIRES: prepare() was satisfied with the record.
  std::size_t count_references(const Record& record) const;

  std::string input_question_key_, input_answer_key_, input_reference_key_;
  std::string output_agreement_key_, output_verdicts_key_;
  std::string compare_;
  double min_agreement_ = 0.5;
};

}  // namespace rare::distill
