// llm.judge: scores of a language model by a rubric, and what falls short of them filtered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/llm/chat_prompt.h"
#include "plugins/llm/rubric.h"
#include "plugins/prompt/asking_operator.h"

namespace rare::llm {

class Judge final : public prompt::AskingOperator {
 public:
  static Spec spec();
  Task<Status> process(Record record, Output& out) override;

 protected:
  Status open_prompt() override;
  std::vector<OutputField> output_fields() const override;
  Json schema() const override { return rubric_.schema(); }
  std::string problem_of(const ChatReply& reply, const std::string& prompt) const override;

 private:
  std::optional<std::string> system_;
  std::string prompt_, output_key_;
  Json rubric_list_, keep_if_;

  ChatPrompt chat_;
  Rubric rubric_;
  std::string rubric_text_;
  KeepRule keep_rule_;
  std::string digest_;  // of prompt and rubric
};

}  // namespace rare::llm
