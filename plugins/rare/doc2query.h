// Doc2Query: from a document to situations and questions that the document's knowledge settles.
#pragma once

#include <string>
#include <vector>

#include "chat_operator.h"
#include "question_requirements.h"

namespace rare::distill {

class Doc2Query final : public ChatOperator {
 public:
  static Spec spec();

 protected:
  std::vector<std::string_view> needed_names() const override { return {"text"}; }
  std::vector<OutputField> written_fields() const override;
  Status check_prompt() const override;
  // A document may have more questions than one, and one that cannot be had costs itself alone.
  Needed needed() const override { return Needed::some; }
  Result<Preparation> prepare(const Record& record) const override;
  Json schema() const override;
  std::string problem_of(const ChatReply& reply, const std::string& prompt) const override;
  std::string problem_for(const Record& record, const ChatReply& reply,
                          const std::string& prompt) const override;
  void store(const ChatReply& reply, Record& record) const override;
  Status take_replies(const std::vector<ChatReply>& replies, Record record,
                      Output& out) const override;

 private:
  static void declare_demands(Spec& spec);
  // In turn for the questions; one that is empty asks for nothing.
  std::vector<std::string> instructions() const;
  QuestionDemands demands_of_pipeline() const;
  // Those that are not nearly one before them.
  std::vector<const ChatReply*> distinct(const std::vector<ChatReply>& replies) const;

  bool self_contained_ = true;
  std::string input_key_;
  std::string output_question_key_;
  std::string output_scenario_key_;
  int questions_per_document_ = 1;
  std::string instructions_;
  double near_duplicate_ = 0.7;
  std::string difficulty_, domain_, language_;
  int max_input_tokens_ = 0;
};

}  // namespace rare::distill
