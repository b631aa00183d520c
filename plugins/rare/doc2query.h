// Doc2Query: from a document to a situation and a question that the document's knowledge settles.
#pragma once

#include "chat_operator.h"

namespace rare::distill {

class Doc2Query final : public ChatOperator {
 public:
  static Spec spec();

 protected:
  std::string_view built_in_prompt() const override;
  std::string_view built_in_system() const override;
  std::vector<std::string_view> needed_names() const override { return {"text"}; }
  std::vector<OutputField> written_fields() const override;
  Result<Preparation> prepare(const Record& record) const override;
  Json schema() const override;
  std::string problem_of(const ChatReply& reply, const std::string& prompt) const override;
  std::string problem_for(const Record& record, const ChatReply& reply,
                          const std::string& prompt) const override;
  void store(const ChatReply& reply, Record& record) const override;

 private:
  bool self_contained_ = true;
  std::string input_key_;
  std::string output_question_key_;
  std::string output_scenario_key_;
};

}  // namespace rare::distill
