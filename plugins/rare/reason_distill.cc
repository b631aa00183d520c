#include "reason_distill.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <set>
#include <utility>

#include "built_in_prompts.h"
#include "plugins/prompt/final_answer.h"
#include "plugins/tokens/token_estimate.h"
#include "rare/random.h"
#include "refusal.h"
#include "word_runs.h"

namespace rare::distill {

using prompt::cited_passages;
using prompt::final_answer;
using prompt::marked_answer;
using prompt::same_answer;

namespace {

constexpr std::string_view kAnswer = "answer";
constexpr std::string_view kCitesPositive = "cites_positive";

std::string whole_reasoning(const ChatReply& reply) {
  const std::string thinking(trimmed(reply.reasoning));
  const std::string answer(trimmed(reply.text));
  if (thinking.empty()) return answer;
  return "<think>" + thinking + "</think>\n<answer>" + answer + "</answer>";
}

// How much the reply's final answer has in common with all of them: 1 for each that is the same,
// else the share of common words. It tells the answer nearest to the middle, as minimum Bayes risk
// decoding does (Kumar and Byrne, HLT-NAACL 2004).
double agreement_with(const std::vector<ChatReply>& replies, const ChatReply& reply) {
  const std::string_view answer = final_answer(reply.text);
  double agreement = 0;
  for (const ChatReply& other : replies) {
    const std::string_view others = final_answer(other.text);
    agreement += same_answer(answer, others) ? 1 : word_overlap(answer, others);
  }
  return agreement;
}

}  // namespace

Spec ReasonDistill::spec() {
  Spec spec("ReasonDistill");
  spec.summary("Asks a language model to reason from shuffled passages to a question's answer.")
      .description(
          "The prompt may use {{question}}, {{scenario}}, a loop {{#passages}} with {{number}} and "
          "{{text}}, and every field of the record. The order of the passages follows from the "
          "run's seed and the record's id. When the endpoint gives reasoning apart from the "
          "answer, the field holds <think>reasoning</think>, a new line and "
          "<answer>answer</answer>. A reply that is cut off, is too short, repeats the prompt, "
          "declines to answer or lacks what `require` names is asked again, with the reason shown, "
          "up to max_attempts. Of `n_samples` replies those count that need not be asked again, "
          "and the best of them is kept; only when there is none are all asked again. Passages "
          "beyond `max_input_tokens` are left out from the weakest negative, the last of the list, "
          "upwards; a document that is too long by itself is cut at a sentence's end.")
      .version(2);
  using This = ReasonDistill;
  declare_fields(spec);
  spec.param(
      &This::require_, "require", std::vector<std::string>{},
      "What a reply must have, or it is asked again: `answer` (marked by \"Answer:\" or "
      "<answer>, or apart from its reasoning), `cites_positive` (the document's number among "
      "the passages that it names).");
  spec.param(&This::refuse_declined_, "refuse_declined", true,
             "Ask again when a reply declines to answer (\"I'm sorry, but I can't\"; in Chinese, "
             "too), or when the endpoint has withheld it.");
  spec.param(&This::n_samples_, "n_samples", 1,
             "How many replies a record is asked for; the best is kept.")
      .range(1, 1000);
  spec.param(&This::best_by_, "best_by", "agreement",
             "Which of several is best: the one whose final answer has most in common with the "
             "others', the one with the most words, or with the fewest; of equals, the first.")
      .choices({"agreement", "longest", "shortest"});
  spec.param(&This::max_input_tokens_, "max_input_tokens", 0,
             "How long document and negatives in the prompt may be together, estimated as four "
             "bytes, or one Chinese, Japanese or Korean character, a token; 0: no limit.")
      .at_least(0)
      .unit("tokens");
  declare<This>(spec, {kReasonDistillSystem, kReasonDistillPrompt}, 16000);
  return spec;
}

void ReasonDistill::declare_fields(Spec& spec) {
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
             "Field with the list of other documents' texts, best first; may be an empty list.");
  spec.reads_param("input_hardneg_key");
  spec.param(&This::output_key_, "output_key", "reasoning", "Field for the reasoning.");
  spec.writes_param("output_key");
  spec.param(&This::output_thinking_key_, "output_thinking_key", "",
             "Field for the reasoning that the endpoint gave apart; empty: none.");
  spec.param(&This::output_answer_key_, "output_answer_key", "",
             "Field for the reply without that reasoning; empty: none.");
  spec.param(&This::output_order_key_, "output_order_key", "passages_order",
             "Field for the order of the passages in the prompt: 0 is the document, 1 the first "
             "negative, ...; empty: none.");
  spec.writes_param("output_order_key");
  spec.param(&This::output_samples_key_, "output_samples_key", "",
             "Field for the list of all usable samples' reasoning; empty: none.");
}

std::vector<ChatOperator::OutputField> ReasonDistill::written_fields() const {
  return {{"output_key", output_key_},
          {"output_thinking_key", output_thinking_key_},
          {"output_answer_key", output_answer_key_},
          {"output_order_key", output_order_key_},
          {"output_samples_key", output_samples_key_}};
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

Result<std::vector<std::string_view>> ReasonDistill::texts_of_record(const Record& record) const {
  const Result<std::string_view> positive = text_of(record, input_text_key_);
  if (!positive.ok()) return positive.status();
  Result<std::vector<std::string_view>> texts = texts_of(
      record, input_hardneg_key_, "give it an empty list to reason from the document alone");
  if (!texts.ok()) return texts.status();
  texts->insert(texts->begin(), *positive);
  return texts;
}

std::size_t ReasonDistill::count_fitting(const std::vector<std::string_view>& texts) const {
  if (max_input_tokens_ == 0) return texts.size();
  std::size_t tokens = 0;
  std::size_t fitting = 0;
  for (const std::string_view text : texts) {
    tokens += tokens::estimate_tokens(shortened(text));
    if (tokens > static_cast<std::size_t>(max_input_tokens_)) break;
    ++fitting;
  }
  return std::max<std::size_t>(fitting, 1);  // the document is cut, and never left out
}

Result<ChatOperator::Preparation> ReasonDistill::prepare(const Record& record) const {
  Result<std::vector<std::string_view>> texts = texts_of_record(record);
  if (!texts.ok()) return texts.status();
  const Result<std::string_view> question = text_of(record, input_question_key_);
  if (!question.ok()) return question.status();
  const Result<std::string_view> scenario = text_of(record, input_scenario_key_);
  if (!scenario.ok()) return scenario.status();

  const std::size_t fitting = count_fitting(*texts);
  if (fitting < texts->size()) {
    warn(record, "the weakest " + std::to_string(texts->size() - fitting) + " of " +
                     std::to_string(texts->size() - 1) +
                     " negatives are left out of the prompt (max_input_tokens " +
                     std::to_string(max_input_tokens_) + ", " + std::string(tokens::kHowEstimated) +
                     ")");
  }
  const std::vector<std::size_t> order = order_of(record, fitting);
  Preparation prepared;
  Json passages = Json::array();
  for (const std::size_t index : order) {
    const std::string what =
        index == 0 ? "field \"" + input_text_key_ + "\"" : "negative " + std::to_string(index);
    std::string_view text = cut((*texts)[index], what, record, prepared.fields);
    if (index == 0 && max_input_tokens_ > 0) {
      text = cut_to_tokens(text, static_cast<std::size_t>(max_input_tokens_), "max_input_tokens",
                           what, record, prepared.fields);
    }
    passages.push_back({{"number", passages.size() + 1}, {"text", text}});
  }
  if (!output_order_key_.empty()) prepared.fields[output_order_key_] = order;
  const Json values = {
      {"passages", std::move(passages)}, {"question", *question}, {"scenario", *scenario}};
  Result<std::string> prompt = render(values, record);
  if (!prompt.ok()) return prompt.status();
  prepared.prompts.assign(static_cast<std::size_t>(n_samples_), *prompt);
  return prepared;
}

std::string ReasonDistill::problem_of(const ChatReply& reply, const std::string& prompt) const {
  if (!reply.problem.empty()) return reply.problem;
  if (reply.finish_reason == "length") {
    return "it was cut off at " + std::to_string(reply.completion_tokens) + " tokens";
  }
  if (refuse_declined_ && reply.finish_reason == "content_filter") {
    return "the endpoint has withheld it (finish_reason content_filter)";
  }
  if (trimmed(reply.text).empty()) {
    return trimmed(reply.reasoning).empty() ? "it is empty" : "nothing follows its thinking";
  }
  if (refuse_declined_) {
    std::string phrase = refusal_phrase(reply.text);
    const std::string_view answer = final_answer(reply.text);
    if (phrase.empty() && answer != trimmed(reply.text)) phrase = refusal_phrase(answer);
    if (!phrase.empty()) return "it declines to answer (\"" + phrase + "\")";
  }
  // An answer may be a word when the reasoning stands apart.
  const bool apart = !trimmed(reply.reasoning).empty();
  return problem_of_text(apart ? reply.reasoning : reply.text, "the reasoning", Words(prompt));
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
  const Result<std::vector<std::string_view>> texts = texts_of_record(record);
  const std::vector<std::size_t> order = order_of(record, count_fitting(*texts));
  const auto positive = std::find(order.begin(), order.end(), 0) - order.begin() + 1;
  const std::set<std::size_t> cited = cited_passages(reply.reasoning + "\n" + reply.text);
  if (cited.contains(static_cast<std::size_t>(positive))) return {};
  // Which one it is must not be told, or the model would cite it without having found it.
  return cited.empty() ? "it names no passage by its number"
                       : "it rests on passages that do not settle the question";
}

std::size_t ReasonDistill::best_of(const std::vector<ChatReply>& replies) const {
  if (replies.size() == 1) return 0;
  const auto score = [&](const ChatReply& reply) {
    if (best_by_ == "agreement") return agreement_with(replies, reply);
    const auto words = static_cast<double>(count_words(reply.reasoning + " " + reply.text));
    return best_by_ == "longest" ? words : -words;
  };
  std::vector<double> scores;
  std::transform(replies.begin(), replies.end(), std::back_inserter(scores), score);
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

Status ReasonDistill::take_replies(const std::vector<ChatReply>& replies, Record record,
                                   Output& out) const {
  keep(replies[best_of(replies)], record);
  if (!output_samples_key_.empty()) {
    Json samples = Json::array();
    for (const ChatReply& reply : replies) samples.push_back(whole_reasoning(reply));
    record[output_samples_key_] = std::move(samples);
  }
  return give_out(std::move(record), out);
}

void ReasonDistill::store(const ChatReply& reply, Record& record) const {
  const std::string thinking(trimmed(reply.reasoning));
  const std::string answer(trimmed(reply.text));
  record[output_key_] = whole_reasoning(reply);
  if (!output_thinking_key_.empty()) record[output_thinking_key_] = thinking;
  if (!output_answer_key_.empty()) record[output_answer_key_] = answer;
}

}  // namespace rare::distill
