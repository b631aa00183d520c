// Examples of a chat as rows of the forms that trainers read.
//
// Sources: messages, prompt/chosen/rejected and prompt/completion/label as in TRL's "Dataset
// formats"; conversations, instruction/input/output, ranking and kto_tag as in LLaMA-Factory's
// data/README.md.
// Thread-safety: const after its making.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_line.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::exports {

// What the assistant says.
struct Completion {
  std::string text;
  std::string thinking;  // in a field of its own; empty: there is none
  bool operator==(const Completion&) const = default;
};

struct ChatExample {
  std::string document;  // the column `document`
  std::string prompt;
  Completion wanted;
  std::vector<Completion> unwanted;  // dpo, kto
};

class ChatRows {
 public:
  struct Form {
    std::string format;        // messages, sharegpt, alpaca
    std::string objective;     // sft, dpo, kto
    std::string system;        // empty: none
    std::string thinking_key;  // messages: the field for Completion::thinking; empty: none is used
  };
  explicit ChatRows(Form form) : form_(std::move(form)) {}

  // Appends lines of JSON: one for sft, one for each unwanted completion for dpo, and one for every
  // completion for kto. An error names what is no UTF-8.
  Status append(ChatExample example, std::string& lines) const;
  // The columns with their types, as a dataset card names them (`dataset_info.features`).
  Json features() const;
  // What LLaMA-Factory's dataset_info.json says of such a file; null: it does not read this form.
  Json trainer_entry(const std::string& file_name) const;

 private:
  bool is(std::string_view format) const { return form_.format == format; }
  std::vector<JsonLine> message_rows(ChatExample example) const;
  std::vector<JsonLine> sharegpt_rows(ChatExample example) const;
  std::vector<JsonLine> alpaca_rows(ChatExample example) const;
  Json prompt_messages(std::string prompt) const;
  Json assistant_message(Completion completion) const;
  Json message_feature(const char* name) const;

  Form form_;
};

}  // namespace rare::exports
