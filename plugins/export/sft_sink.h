// export.sft: questions and the reasoning that answers them, for trainers of language models.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat_rows.h"
#include "dataset_sink.h"
#include "plugins/prompt/prompt_template.h"

namespace rare::exports {

class SftSink final : public DatasetSink {
 public:
  static Spec spec();

 protected:
  Status prepare() const override;
  Status append_rows(const Record& record, const std::string& document, std::string& lines,
                     Counts& left_out) const override;
  Json features() const override { return rows().features(); }
  Json settings() const override;
  Json trainer_entry(const std::string& file_name) const override {
    return rows().trainer_entry(file_name);
  }

 private:
  static void declare_fields(Spec& spec);
  ChatRows rows() const;
  // What the model sees.
  Result<std::string> prompt_of(const Record& record) const;
  // Of so many passages, the document first: which is shown at which place.
  Result<std::vector<std::size_t>> order_of(const Record& record, std::size_t passages) const;
  // What it is to write: `text` in the form that `thinking` says. `answer`: where it stands apart.
  Result<Completion> completion_of(std::string_view text, std::optional<std::string_view> answer,
                                   const std::string& where) const;
  // Adds the record's rejected completions but those that are not worse than the good one, whose
  // text and answer are given, and those that cannot be told apart.
  Status add_unwanted(const Record& record, std::string_view wanted, std::string_view answer,
                      ChatExample& example, Counts& left_out) const;
  Result<std::vector<std::string_view>> rejected_texts(const Record& record) const;

  std::string format_, objective_, system_, prompt_, thinking_, thinking_key_;
  std::string input_reasoning_key_, input_answer_key_, input_rejected_key_;
  bool reject_same_answer_ = false;
  std::string input_text_key_, input_hardneg_key_, input_order_key_;

  mutable prompt::PromptTemplate template_;
};

}  // namespace rare::exports
