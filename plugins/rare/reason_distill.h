// ReasonDistill: a question, its document and documents that only look alike, shuffled; asks for
// the reasoning that sifts them and answers.
#pragma once

#include "chat_operator.h"

namespace rare::distill {

class ReasonDistill final : public ChatOperator {
 public:
  static Spec spec();

 protected:
  std::string_view built_in_prompt() const override;
  std::string_view built_in_system() const override;
  std::vector<std::string_view> needed_names() const override { return {"passages", "question"}; }
  std::vector<OutputField> written_fields() const override;
  Status check_parameters() const override;
  Result<Preparation> prepare(const Record& record) const override;
  std::string problem_of(const ChatReply& reply, const std::string& prompt) const override;
  std::string problem_for(const Record& record, const ChatReply& reply,
                          const std::string& prompt) const override;
  void store(const ChatReply& reply, Record& record) const override;

 private:
  // Of `passages` texts: 0 is the document. It follows from the run's seed and the record alone.
  std::vector<std::size_t> order_of(const Record& record, std::size_t passages) const;
  bool requires_check(std::string_view name) const;

  std::vector<std::string> require_;
  std::string input_text_key_, input_question_key_, input_scenario_key_, input_hardneg_key_;
  std::string output_key_, output_thinking_key_, output_answer_key_, output_order_key_;
};

}  // namespace rare::distill
