// ReasonDistill: a question, its document and documents that only look alike, shuffled; asks for
// the reasoning that sifts them and answers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "chat_operator.h"

namespace rare::distill {

class ReasonDistill final : public ChatOperator {
 public:
  static Spec spec();

 protected:
  std::vector<std::string_view> needed_names() const override { return {"passages", "question"}; }
  std::vector<OutputField> written_fields() const override;
  // Of several samples the best is kept: those that are refused are needed only when all are.
  Needed needed() const override { return Needed::any_round; }
  Status check_parameters() const override;
  Result<Preparation> prepare(const Record& record) const override;
  std::string problem_of(const ChatReply& reply, const std::string& prompt) const override;
  std::string problem_for(const Record& record, const ChatReply& reply,
                          const std::string& prompt) const override;
  void store(const ChatReply& reply, Record& record) const override;
  Status take_replies(const std::vector<ChatReply>& replies, Record record,
                      Output& out) const override;

 private:
  static void declare_fields(Spec& spec);
  // The document and the negatives after it.
  Result<std::vector<std::string_view>> texts_of_record(const Record& record) const;
  // How many of the texts, the document among them, `max_input_tokens` leaves.
  std::size_t count_fitting(const std::vector<std::string_view>& texts) const;
  std::size_t best_of(const std::vector<ChatReply>& replies) const;
  // Of `passages` texts: 0 is the document. It follows from the run's seed and the record alone.
  std::vector<std::size_t> order_of(const Record& record, std::size_t passages) const;
  bool requires_check(std::string_view name) const;

  std::vector<std::string> require_;
  std::string input_text_key_, input_question_key_, input_scenario_key_, input_hardneg_key_;
  std::string output_key_, output_thinking_key_, output_answer_key_, output_order_key_;
  std::string output_samples_key_;
  int n_samples_ = 1;
  std::string best_by_;
  int max_input_tokens_ = 0;
  bool refuse_declined_ = true;
};

}  // namespace rare::distill
