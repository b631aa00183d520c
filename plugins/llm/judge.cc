#include "plugins/llm/judge.h"

#include <utility>

#include "plugins/digest/sha256.h"
#include "rare/provenance.h"

namespace rare::llm {
namespace {

constexpr const char* kJudgeSystem =
    "You judge texts strictly and evenly, by the criteria that you are given and by nothing else. "
    "Length alone is no merit. Most texts are in the middle of a scale; its ends are for what is "
    "clearly the best or the worst.";

}  // namespace

Spec Judge::spec() {
  Spec spec("llm.judge");
  spec.summary("Asks a language model for scores by a rubric; may filter what falls short of them.")
      .description(
          "The model is shown the rubric, then the prompt, which holds what is judged, and answers "
          "with a reason and an integer score for each criterion. A score that is missing or out "
          "of range is asked again, with the reason shown, up to `max_attempts`. With `keep_if` a "
          "record below one of its scores is filtered under a reason such as \"judge: clarity 2 < "
          "3\"; without, every record is kept with its judgement, and `basic.route` can part them.")
      .version(1);
  declare_llm<Judge>(spec);
  spec.required_param(&Judge::rubric_list_, "rubric",
                      "List of {name, description, min (1), max (5)}: what is judged, and on which "
                      "scale.");
  spec.required_param(&Judge::prompt_, "prompt",
                      "What is judged, with {{fields}}, or a file of it.")
      .text_or_file();
  spec.param(&Judge::system_, "system", std::nullopt,
             "System text with {{fields}}, or a file of it; left out: the built-in one; empty: "
             "none.")
      .text_or_file();
  declare_attempts<Judge>(spec);
  spec.param(&Judge::output_key_, "output_key", "judgement",
             "Field for the judgement: an object with {score, reason} for each name.");
  spec.writes_param("output_key");
  spec.param(&Judge::keep_if_, "keep_if", std::nullopt,
             "Least scores of a record that is kept: a map of names of the rubric, or `min_mean` "
             "(the mean of all scores), to numbers. Left out: all are kept.");
  declare_overwrite<Judge>(spec);
  return spec;
}

Status Judge::open_prompt() {
  if (output_key_.empty()) {
    return configuration_error("output_key is empty; expected the name of a field");
  }
  Result<Rubric> rubric = Rubric::parse(rubric_list_);
  if (!rubric.ok()) return configuration_error(rubric.status().message());
  rubric_ = std::move(*rubric);
  Result<KeepRule> keep_rule = KeepRule::parse(keep_if_, rubric_);
  if (!keep_rule.ok()) return configuration_error(keep_rule.status().message());
  keep_rule_ = std::move(*keep_rule);
  Result<ChatPrompt> chat =
      ChatPrompt::of_question(context().name(), system_.value_or(kJudgeSystem), prompt_);
  if (!chat.ok()) return chat.status();
  chat_ = std::move(*chat);
  rubric_text_ = rubric_.text();
  digest_ = digest::sha256_hex(chat_.digest() + '\n' + rubric_text_);
  return Status();
}

std::vector<prompt::AskingOperator::OutputField> Judge::output_fields() const {
  return {{"output_key", output_key_}};
}

std::string Judge::problem_of(const ChatReply& reply, const std::string&) const {
  if (!reply.problem.empty()) return reply.problem;
  return rubric_.problem_of(reply.structured.value_or(Json()));
}

Task<Status> Judge::process(Record record, Output& out) {
  Status free = check_outputs(record);
  if (!free.ok()) co_return free;
  Result<std::vector<ChatMessage>> messages = chat_.render(record);
  if (!messages.ok()) co_return messages.status();
  // What is the same for all records comes first, so that servers need not read it again.
  std::string& prompt = messages->back().content;
  prompt = rubric_text_ + "\n\n" + prompt;
  Task<Result<std::vector<ChatReply>>> asking = ask(record, *messages, 1);
  Result<std::vector<ChatReply>> replies = co_await asking;
  if (!replies.ok()) co_return replies.status();
  const ChatReply& reply = replies->front();
  Json judgement = Json::object();
  for (const Criterion& criterion : rubric_.criteria()) {
    const Json& given = (*reply.structured)[criterion.name];
    judgement[criterion.name] = {{"score", given["score"]}, {"reason", given["reason"]}};
  }
  const std::string against = keep_rule_.reason_against(judgement);
  if (!against.empty()) co_return out.filter("judge: " + against);
  clear_outputs(record);
  record[output_key_] = std::move(judgement);
  note_reply(context(), record, reply, digest_);
  co_return out.emit(std::move(record));
}

}  // namespace rare::llm
