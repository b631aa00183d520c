// What every operator that asks a language model has in common, whatever it asks: the service and
// its sampling, the attempts, what the model is told about a reply that was refused, and the fields
// of the record that must be free. A subclass says what is asked, which replies are good, and what
// becomes of a good one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rare/language_model.h"
#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::prompt {

// Thread-safety: const after open(); one instance serves all records in flight.
class AskingOperator : public AsyncOperator {
 public:
  // Refuses, as run faults that name the node: no model, an unknown key of `generation`, what
  // open_prompt() refuses, and one field for two outputs.
  Status open(Context& context) final;

 protected:
  // A field that the operator writes, and the parameter that names it; an empty name: not written.
  struct OutputField {
    std::string param;
    std::string name;
  };

  // The subclass's part of open(). context() is set.
  virtual Status open_prompt() = 0;
  // All of them. Called once, after open_prompt().
  virtual std::vector<OutputField> output_fields() const = 0;
  // Null: plain text.
  virtual Json schema() const { return Json(); }
  // What is wrong with the reply, in words that the model can act on; empty: nothing. `prompt` is
  // the last message that was sent.
  virtual std::string problem_of(const ChatReply& reply, const std::string& prompt) const = 0;
  // The same two where the answer's form, or what is right in it, depends on the record asked for.
  virtual Json schema_for(const Record&) const { return schema(); }
  virtual std::string problem_for(const Record&, const ChatReply& reply,
                                  const std::string& prompt) const {
    return problem_of(reply, prompt);
  }

  // A run fault when the record already has an output field and may not lose it.
  Status check_outputs(const Record& record) const;
  // Takes away what is to be replaced (`overwrite`), so that none of it stays beside new values.
  void clear_outputs(Record& record) const;

  // What has to be usable of several replies about one record.
  enum class Needed {
    all,        // when one is unusable after `max_attempts`, that is the error
    some,       // each is asked again by itself; those that stay unusable are left out
    any_round,  // they are asked again, all together, only when none of a round is usable
  };
  // A usable reply to each of `chats`, in their order, as far as `needed` demands; at least one, or
  // an error of the record with the raw reply that was refused last. A refused reply is asked again
  // with the reason before the last message. What is asked is awaited in any case, as it is paid
  // for. All of a round are asked for before the first is awaited.
  // REQUIRES: `record` and `chats` live until the task ends; there is a chat, and the last message
  // of each is the user's.
  Task<Result<std::vector<ChatReply>>> ask_chats(const Record& record,
                                                 const std::vector<std::vector<ChatMessage>>& chats,
                                                 Needed needed) const;
  // `answers` usable replies to the same messages, each a sample of its own with attempts of its
  // own: ask_chats() with Needed::all. REQUIRES: as there; answers > 0.
  Task<Result<std::vector<ChatReply>>> ask(const Record& record,
                                           const std::vector<ChatMessage>& messages,
                                           int answers) const;

  // Errors of a record and of the configuration, with the node's name before them.
  Status record_error(const std::string& message) const;
  Status configuration_error(const std::string& message) const;
  Context& context() const { return *context_; }

  // Parameters of every such operator, in groups, so that a subclass has its own between them. T is
  // the subclass.
  template <class T>
  static void declare_llm(Spec& spec) {
    spec.service(own<T>(&AskingOperator::llm_), "llm", "The language model to ask.");
  }
  template <class T>
  static void declare_attempts(Spec& spec) {
    spec.param(own<T>(&AskingOperator::generation_), "generation", Json::object(),
               "temperature, top_p, max_tokens, seed, stop, extra_body.");
    spec.param(own<T>(&AskingOperator::max_attempts_), "max_attempts", 3,
               "Replies asked for a record, the first included.")
        .range(1, 100);
  }
  template <class T>
  static void declare_overwrite(Spec& spec) {
    spec.param(own<T>(&AskingOperator::overwrite_), "overwrite", false,
               "Replace output fields that the record already has, instead of stopping the run.");
  }

 private:
  struct Asked;   // one request under way
  struct Asking;  // all that ask_chats() knows

  template <class T, class M>
  static M T::*own(M AskingOperator::*member) {
    return static_cast<M T::*>(member);
  }
  Status check_generation() const;
  Status check_distinct() const;
  void begin(Asking& asking, std::size_t sample, int attempt, const std::string& problem) const;
  void take(Asking& asking, const Asked& asked, Result<ChatReply> reply) const;
  void refuse(Asking& asking, const Asked& asked, const ChatReply& reply,
              const std::string& problem) const;
  Status exhausted(const ChatReply& reply, const std::string& problem, std::size_t answers,
                   std::size_t sample) const;

  LanguageModel* llm_ = nullptr;
  Json generation_ = Json::object();
  int max_attempts_ = 3;
  bool overwrite_ = false;

  Context* context_ = nullptr;
  std::vector<OutputField> outputs_;  // that are written
};

// Without white space at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace rare::prompt
