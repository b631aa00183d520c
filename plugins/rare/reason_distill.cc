#include "reason_distill.h"

#include <numeric>

#include "built_in_prompts.h"
#include "rare/random.h"

namespace rare::distill {

Spec ReasonDistill::spec() {
  Spec spec("ReasonDistill");
  spec.summary("Asks a language model to reason from shuffled passages to a question's answer.")
      .description(
          "The prompt may use {{question}}, {{scenario}}, a loop {{#passages}} with {{number}} and "
          "{{text}}, and every field of the record. The order of the passages follows from the "
          "run's seed and the record's id. When the endpoint gives reasoning apart from the "
          "answer, "
          "the field holds <think>reasoning</think>, a new line and <answer>answer</answer>.")
      .version(1);
  using This = ReasonDistill;
  spec.param(&This::input_text_key_, "input_text_key", "text", "Field with the document.");
  spec.reads_param("input_text_key");
  spec.param(&This::input_question_key_, "input_question_key", "question",
             "Field with the question.");
  spec.reads_param("input_question_key");
  spec.param(&This::input_scenario_key_, "input_scenario_key", "scenario",
             "Field with the scenario.");
  spec.reads_param("input_scenario_key");
  spec.param(&This::input_hardneg_key_, "input_hardneg_key", "hard_negatives",
             "Field with the list of other documents' texts; may be an empty list.");
  spec.reads_param("input_hardneg_key");
  spec.param(&This::output_key_, "output_key", "reasoning", "Field for the reasoning.");
  spec.writes_param("output_key");
  spec.param(&This::output_thinking_key_, "output_thinking_key", "",
             "Field for the reasoning that the endpoint gave apart; empty: none.");
  spec.param(&This::output_answer_key_, "output_answer_key", "",
             "Field for the reply without that reasoning; empty: none.");
  spec.param(&This::output_order_key_, "output_order_key", "",
             "Field for the order of the passages: 0 is the document, 1 the first negative, ...; "
             "empty: none.");
  declare<This>(spec, 16000);
  return spec;
}

std::string_view ReasonDistill::built_in_prompt() const { return kReasonDistillPrompt; }
std::string_view ReasonDistill::built_in_system() const { return kReasonDistillSystem; }

std::vector<ChatOperator::OutputField> ReasonDistill::written_fields() const {
  return {{"output_key", output_key_},
          {"output_thinking_key", output_thinking_key_},
          {"output_answer_key", output_answer_key_},
          {"output_order_key", output_order_key_}};
}

Result<ChatOperator::Preparation> ReasonDistill::prepare(const Record& record) const {
  const Result<std::string_view> positive = text_of(record, input_text_key_);
  if (!positive.ok()) return positive.status();
  Result<std::vector<std::string_view>> texts = texts_of(
      record, input_hardneg_key_, "give it an empty list to reason from the document alone");
  if (!texts.ok()) return texts.status();
  texts->insert(texts->begin(), *positive);  // at 0, the negatives after it
  const Result<std::string_view> question = text_of(record, input_question_key_);
  if (!question.ok()) return question.status();
  const Result<std::string_view> scenario = text_of(record, input_scenario_key_);
  if (!scenario.ok()) return scenario.status();

  std::vector<std::size_t> order(texts->size());
  std::iota(order.begin(), order.end(), 0);
  Random random(derive_seed(context().seed(), record.id().to_string(), "ReasonDistill.order"));
  random.shuffle(order);

  Preparation prepared;
  Json passages = Json::array();
  for (const std::size_t index : order) {
    const std::string what =
        index == 0 ? "field \"" + input_text_key_ + "\"" : "negative " + std::to_string(index);
    passages.push_back({{"number", passages.size() + 1},
                        {"text", cut((*texts)[index], what, record, prepared.fields)}});
  }
  if (!output_order_key_.empty()) prepared.fields[output_order_key_] = order;
  const Json values = {
      {"passages", std::move(passages)}, {"question", *question}, {"scenario", *scenario}};
  Result<std::string> prompt = render(values, record);
  if (!prompt.ok()) return prompt.status();
  prepared.prompt = std::move(*prompt);
  return prepared;
}

std::string ReasonDistill::problem_of(const ChatReply& reply, const std::string& prompt) const {
  if (!reply.problem.empty()) return reply.problem;
  if (reply.finish_reason == "length") {
    return "it was cut off at " + std::to_string(reply.completion_tokens) + " tokens";
  }
  if (trimmed(reply.text).empty()) {
    return trimmed(reply.reasoning).empty() ? "it is empty" : "nothing follows its thinking";
  }
  // An answer may be a word when the reasoning stands apart.
  const bool apart = !trimmed(reply.reasoning).empty();
  return problem_of_text(apart ? reply.reasoning : reply.text, "the reasoning", prompt);
}

void ReasonDistill::store(const ChatReply& reply, Record& record) const {
  const std::string thinking(trimmed(reply.reasoning));
  const std::string answer(trimmed(reply.text));
  record[output_key_] = thinking.empty()
                            ? answer
                            : "<think>" + thinking + "</think>\n<answer>" + answer + "</answer>";
  if (!output_thinking_key_.empty()) record[output_thinking_key_] = thinking;
  if (!output_answer_key_.empty()) record[output_answer_key_] = answer;
}

}  // namespace rare::distill
