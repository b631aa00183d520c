#include "reason_distill.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "built_in_prompts.h"
#include "final_answer.h"
#include "rare/random.h"

namespace rare::distill {

namespace {

constexpr std::string_view kAnswer = "answer";
constexpr std::string_view kCitesPositive = "cites_positive";

}  // namespace

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
  spec.param(
      &This::require_, "require", std::vector<std::string>{},
      "What a reply must have, or it is asked again: `answer` (marked by \"Answer:\" or "
      "<answer>, or apart from its reasoning), `cites_positive` (the document's number among "
      "the passages that it names).");
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

Status ReasonDistill::check_parameters() const {
  for (const std::string& name : require_) {
    if (name == kAnswer || name == kCitesPositive) continue;
    return configuration_error("require has \"" + name + "\"; it takes answer and cites_positive");
  }
  return Status();
}

bool ReasonDistill::requires_check(std::string_view name) const {
  return std::find(require_.begin(), require_.end(), name) != require_.end();
}

std::vector<std::size_t> ReasonDistill::order_of(const Record& record, std::size_t passages) const {
  std::vector<std::size_t> order(passages);
  std::iota(order.begin(), order.end(), 0);
  Random random(derive_seed(context().seed(), record.id().to_string(), "ReasonDistill.order"));
  random.shuffle(order);
  return order;
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

  const std::vector<std::size_t> order = order_of(record, texts->size());
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

std::string ReasonDistill::problem_for(const Record& record, const ChatReply& reply,
                                       const std::string& prompt) const {
  std::string problem = problem_of(reply, prompt);
  if (!problem.empty()) return problem;
  const bool apart = !trimmed(reply.reasoning).empty();
  if (requires_check(kAnswer) && !apart && marked_answer(reply.text).value_or("").empty()) {
    return "it does not end with an answer that says \"Answer:\" before it";
  }
  if (!requires_check(kCitesPositive)) return {};
  const std::vector<std::size_t> order =
      order_of(record, record.find(input_hardneg_key_)->size() + 1);
  const auto positive = std::find(order.begin(), order.end(), 0) - order.begin() + 1;
  const std::set<std::size_t> cited = cited_passages(reply.reasoning + "\n" + reply.text);
  if (cited.contains(static_cast<std::size_t>(positive))) return {};
  // Which one it is must not be told, or the model would cite it without having found it.
  return cited.empty() ? "it names no passage by its number"
                       : "it rests on passages that do not settle the question";
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
