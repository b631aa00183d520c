// llm.generate: what a language model answers to a prompt of the pipeline's own, as fields of the
// record.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/llm/chat_prompt.h"
#include "plugins/prompt/asking_operator.h"

namespace rare::llm {

class Generate final : public prompt::AskingOperator {
 public:
  static Spec spec();
  Task<Status> process(Record record, Output& out) override;

 protected:
  Status open_prompt() override;
  std::vector<OutputField> output_fields() const override;
  Json schema() const override { return schema_; }
  std::string problem_of(const ChatReply& reply, const std::string& prompt) const override;

 private:
  Status open_answer();
  // Whether the fields hold lists of answers.
  bool gives_list() const;
  // Whether properties of the schema are fields of their own.
  bool gives_properties() const { return !schema_.is_null() && !gives_list(); }
  // The field for whole answers; empty: none.
  std::string answer_field() const;
  // The text, or the object that satisfies the schema.
  Json answer_of(const ChatReply& reply) const;
  void store_one(const ChatReply& reply, Record& record) const;
  void store_list(const std::vector<ChatReply>& replies, Record& record) const;

  std::optional<std::string> system_, prompt_, output_key_, n_as_;
  Json messages_, schema_;
  int n_ = 1;
  std::string output_thinking_key_;

  ChatPrompt chat_;
};

}  // namespace rare::llm
