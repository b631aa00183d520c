// The messages that ask about a record, each a template: what a pipeline says under `system` and
// `prompt`, or `messages`.
//
// Thread-safety: const after it was made.
#pragma once

#include <string>
#include <vector>

#include "plugins/prompt/prompt_template.h"
#include "rare/json.h"
#include "rare/language_model.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare::llm {

class ChatPrompt {
 public:
  // One question; an empty `system`: no system message. Errors are run faults that name `node`, the
  // parameter and the place in it.
  static Result<ChatPrompt> of_question(const std::string& node, const std::string& system,
                                        const std::string& prompt);
  // Several turns: `messages` is a list of {role, content}; the last one is the user's, and a
  // system message, if there is one here or in `system`, comes first. Errors as above.
  static Result<ChatPrompt> of_turns(const std::string& node, const std::string& system,
                                     const Json& messages);

  // The last message is the user's. A field that the record lacks is an error of the record.
  Result<std::vector<ChatMessage>> render(const Record& record) const;
  // Tells prompts apart: SHA-256 of the templates.
  const std::string& digest() const { return digest_; }

 private:
  struct Turn {
    std::string role;
    prompt::PromptTemplate content;
  };
  // `what` is how messages call the turn.
  Status add(const std::string& what, const std::string& role, const std::string& content);
  Status add_message(const std::string& what, const Json& message);
  void close();

  std::vector<Turn> turns_;
  std::string text_;  // all templates, until close() makes the digest of it
  std::string digest_;
};

}  // namespace rare::llm
