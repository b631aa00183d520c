// What operators with a built-in prompt about texts have in common: the prompt, texts that are cut
// to fit it, the judging of what the model writes about them. A subclass says how a record becomes
// a prompt, which replies are good, and what of a good one is kept.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/prompt/asking_operator.h"
#include "plugins/prompt/prompt_template.h"
#include "rare/language_model.h"
#include "rare/operator.h"
#include "rare/spec.h"
#include "word_runs.h"

namespace rare::distill {

using prompt::trimmed;

// Thread-safety: const after open(); one instance serves all records in flight.
class ChatOperator : public prompt::AskingOperator {
 public:
  Task<Status> process(Record record, Output& out) final;

 protected:
  // Prompts made from a record, each for a reply of its own, and fields that the record gets beside
  // them. No prompt: there is nothing to ask, and the fields are all that the record gets.
  struct Preparation {
    std::vector<std::string> prompts;
    Json fields = Json::object();
  };

  // Names that a prompt must use, or the operator would be of no use.
  virtual std::vector<std::string_view> needed_names() const = 0;
  // Whether a refused reply is asked for again although others of its record are usable.
  virtual Needed needed() const { return Needed::all; }
  // Beside `output_cut_key`.
  virtual std::vector<OutputField> written_fields() const = 0;
  // What is wrong with the subclass's own parameters, with names, before the first record.
  virtual Status check_parameters() const { return Status(); }
  // The same about the prompt, which has been parsed.
  virtual Status check_prompt() const { return Status(); }
  virtual Result<Preparation> prepare(const Record& record) const = 0;
  // REQUIRES: problem_for() found none.
  virtual void store(const ChatReply& reply, Record& record) const = 0;
  // What becomes of the usable replies, one or more, in the order of the prompts. `record` has the
  // prepared fields.
  virtual Status take_replies(const std::vector<ChatReply>& replies, Record record,
                              Output& out) const;
  // What becomes of a record that has all its fields.
  virtual Status give_out(Record record, Output& out) const { return out.emit(std::move(record)); }

  // What a pipeline gets that names neither.
  struct BuiltIn {
    std::string_view system;
    std::string_view prompt;
  };

  // The parameters of every such operator whose replies are prose. T is the subclass.
  template <class T>
  static void declare(Spec& spec, const BuiltIn& built_in, int max_text_chars) {
    declare_asking<T>(spec, built_in);
    spec.param(of<T>(&ChatOperator::min_words_), "min_words", 5,
               "Replies with fewer words are asked again.")
        .range(0, 10000)
        .unit("words");
    spec.param(of<T>(&ChatOperator::refuse_copies_), "refuse_copies", true,
               "Ask again when most of a reply stands word for word in the prompt.");
    declare_texts<T>(spec, max_text_chars);
  }
  // Of every such operator.
  template <class T>
  static void declare_asking(Spec& spec, const BuiltIn& built_in) {
    declare_llm<T>(spec);
    spec.param(of<T>(&ChatOperator::system_), "system", std::string(built_in.system),
               "System text, or a file of it; empty: none.")
        .text_or_file();
    spec.param(of<T>(&ChatOperator::prompt_), "prompt", std::string(built_in.prompt),
               "Prompt with {{fields}}, or a file of it.")
        .text_or_file();
    declare_attempts<T>(spec);
  }
  template <class T>
  static void declare_texts(Spec& spec, int max_text_chars) {
    spec.param(
            of<T>(&ChatOperator::max_text_chars_), "max_text_chars", max_text_chars,
            "A longer text is cut at a sentence's end for the prompt; the record keeps it whole.")
        .range(100, 100000000)
        .unit("characters");
    spec.param(of<T>(&ChatOperator::output_cut_key_), "output_cut_key", "",
               "Field for how many characters of a text that was cut are in the prompt; empty: "
               "none.");
    declare_overwrite<T>(spec);
  }

  // The text field `key`, or an error of the record that names it.
  Result<std::string_view> text_of(const Record& record, const std::string& key) const;
  // The texts of the list field `key`, or such an error; `without` ends the message about a record
  // that has no such field.
  Result<std::vector<std::string_view>> texts_of(const Record& record, const std::string& key,
                                                 std::string_view without) const;
  // At most `max_text_chars` of the text.
  std::string_view shortened(std::string_view text) const;
  // The same, says in the log when it cuts, and notes it in `fields`.
  std::string_view cut(std::string_view text, std::string_view what, const Record& record,
                       Json& fields) const;
  // At most `max_tokens` of it, as estimated; likewise. `param` is what the limit comes from.
  std::string_view cut_to_tokens(std::string_view text, std::size_t max_tokens,
                                 std::string_view param, std::string_view what,
                                 const Record& record, Json& fields) const;
  // Puts a reply into a record: store(), and its provenance.
  void keep(const ChatReply& reply, Record& record) const;
  // A warning about a record.
  void warn(const Record& record, const std::string& what) const;
  bool prompt_uses(std::string_view name) const { return template_.uses(name); }
  // An error of the configuration when an output would take the place of `field`, which store()
  // still needs; `holds` says what is in it.
  Status check_not_replaced(const std::string& field, std::string_view holds) const;
  Result<std::string> render(const Json& values, const Record& record) const;
  // What is wrong with a reply that is to hold a JSON object.
  static std::string problem_of_object(const ChatReply& reply);
  // What is wrong with one text of a reply; `what` names it.
  std::string problem_of_text(std::string_view text, std::string_view what,
                              const Words& prompt) const;

 private:
  template <class T, class M>
  static M T::*of(M ChatOperator::*member) {
    return static_cast<M T::*>(member);
  }

  Status open_prompt() final;
  std::vector<OutputField> output_fields() const final;

  std::string system_, prompt_;
  int min_words_ = 5;
  bool refuse_copies_ = true;
  int max_text_chars_ = 0;
  std::string output_cut_key_;

  std::string system_text_;
  std::string prompt_digest_;  // of the system text, a line break and the prompt
  prompt::PromptTemplate template_;
};

}  // namespace rare::distill
