#include "verify_negatives.h"

#include <algorithm>
#include <utility>

#include "built_in_prompts.h"
#include "verdict_list.h"

namespace rare::distill {

namespace {

Json picked(const Json& list, const std::vector<std::size_t>& indices) {
  Json kept = Json::array();
  for (const std::size_t index : indices) kept.push_back(list[index]);
  return kept;
}

}  // namespace

Spec VerifyNegatives::spec() {
  Spec spec("VerifyNegatives");
  spec.summary("Asks a language model which candidates answer the question; keeps true negatives.")
      .description(
          "One call for a record shows question, scenario, document and all candidates, and asks "
          "for each whether it answers the question or holds knowledge that the answer needs. The "
          "first `num_neg` that do not are kept, in their order: ask BM25HardNeg for more than are "
          "wanted, and the next candidate takes the place of a false negative. An answer that does "
          "not judge each candidate exactly once is asked again, with the reason shown, up to "
          "`max_attempts`. A record without candidates is not asked for. The prompt may use "
          "{{question}}, {{scenario}}, {{text}}, a loop {{#candidates}} with {{number}} and "
          "{{text}}, and every field of the record.")
      .version(1);
  using This = VerifyNegatives;
  spec.param(&This::input_text_key_, "input_text_key", "text", "Field with the document.");
  spec.reads_param("input_text_key");
  spec.param(&This::input_question_key_, "input_question_key", "question",
             "Field with the question.");
  spec.reads_param("input_question_key");
  spec.param(&This::input_scenario_key_, "input_scenario_key", "scenario",
             "Field with the scenario.");
  spec.reads_param("input_scenario_key");
  spec.param(&This::input_hardneg_key_, "input_hardneg_key", "hard_negatives",
             "Field with the list of candidates' texts, best first; may be an empty list.");
  spec.reads_param("input_hardneg_key");
  spec.param(&This::parallel_keys_, "parallel_keys", std::vector<std::string>{},
             "Fields with a value for each candidate, such as ids or scores: lists that lose the "
             "same items.");
  spec.param(&This::num_neg_, "num_neg", 3, "How many negatives are kept.").range(1, 1000000);
  spec.param(&This::min_neg_, "min_neg", 0,
             "How many negatives a record must keep; `on_too_few` says what becomes of others.")
      .range(0, 1000000);
  spec.param(&This::on_too_few_, "on_too_few", "filter",
             "A record with fewer than `min_neg`: filtered, or an error of the record.")
      .choices({"filter", "error"});
  spec.param(&This::output_negatives_key_, "output_negatives_key", "hard_negatives",
             "Field for the negatives that are kept; that of the candidates: it is replaced.");
  spec.writes_param("output_negatives_key");
  spec.param(&This::output_verdicts_key_, "output_verdicts_key", "",
             "Field for the verdicts, a list of {reason, relevant} in the candidates' order; "
             "empty: none.");
  spec.param(&This::output_removed_key_, "output_removed_key", "",
             "Field for the texts of the candidates found relevant; empty: none.");
  declare_asking<This>(spec, {kVerifyNegativesSystem, kVerifyNegativesPrompt});
  declare_texts<This>(spec, 16000);
  return spec;
}

std::vector<ChatOperator::OutputField> VerifyNegatives::written_fields() const {
  const bool in_place = output_negatives_key_ == input_hardneg_key_;
  return {{"output_negatives_key", in_place ? "" : output_negatives_key_},
          {"output_verdicts_key", output_verdicts_key_},
          {"output_removed_key", output_removed_key_}};
}

Status VerifyNegatives::check_parameters() const {
  if (output_negatives_key_.empty()) {
    return configuration_error("output_negatives_key is empty; expected the name of a field");
  }
  if (min_neg_ > num_neg_) {
    return configuration_error("min_neg is " + std::to_string(min_neg_) + " and num_neg is " +
                               std::to_string(num_neg_) +
                               ", so no record could keep enough; raise num_neg");
  }
  Status kept = check_not_replaced(input_hardneg_key_, "candidates");
  if (!kept.ok()) return kept;
  const std::vector<std::string> taken = {
      input_hardneg_key_,    input_text_key_,      input_question_key_, input_scenario_key_,
      output_negatives_key_, output_verdicts_key_, output_removed_key_};
  for (auto key = parallel_keys_.begin(); key != parallel_keys_.end(); ++key) {
    const bool twice = std::find(parallel_keys_.begin(), key, *key) != key;
    if (!twice && std::find(taken.begin(), taken.end(), *key) == taken.end()) continue;
    return configuration_error("parallel_keys has the field \"" + *key + "\", which " +
                               (twice          ? "stands there twice"
                                : key->empty() ? "is no name"
                                               : "another parameter names") +
                               "; expected fields with a value for each candidate");
  }
  return Status();
}

Status VerifyNegatives::check_parallel(const Record& record, std::size_t candidates) const {
  for (const std::string& key : parallel_keys_) {
    const Json* list = record.find(key);
    if (list != nullptr && list->is_array() && list->size() == candidates) continue;
    std::string seen = "is missing";
    if (list != nullptr) {
      seen = list->is_array() ? "has " + std::to_string(list->size()) + " items"
                              : std::string("is ") + list->type_name();
    }
    return record_error("field \"" + key + "\" (parallel_keys) must be a list of " +
                        std::to_string(candidates) + ", one for each candidate in \"" +
                        input_hardneg_key_ + "\"; it " + seen);
  }
  return Status();
}

Result<ChatOperator::Preparation> VerifyNegatives::prepare(const Record& record) const {
  const Result<std::string_view> document = text_of(record, input_text_key_);
  if (!document.ok()) return document.status();
  const Result<std::string_view> question = text_of(record, input_question_key_);
  if (!question.ok()) return question.status();
  const Result<std::string_view> scenario = text_of(record, input_scenario_key_);
  if (!scenario.ok()) return scenario.status();
  const Result<std::vector<std::string_view>> texts =
      texts_of(record, input_hardneg_key_, "give it an empty list when there are no candidates");
  if (!texts.ok()) return texts.status();
  Status parallel = check_parallel(record, texts->size());
  if (!parallel.ok()) return parallel;

  Preparation prepared;
  if (texts->empty()) {
    for (const std::string& key :
         {output_negatives_key_, output_verdicts_key_, output_removed_key_}) {
      if (!key.empty()) prepared.fields[key] = Json::array();
    }
    return prepared;
  }
  Json candidates = Json::array();
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const std::string number = verdict_number(i, texts->size());
    candidates.push_back(
        {{"number", number},
         {"text", cut((*texts)[i], "candidate " + number, record, prepared.fields)}});
  }
  const Json values = {
      {"text", cut(*document, "field \"" + input_text_key_ + "\"", record, prepared.fields)},
      {"question", *question},
      {"scenario", *scenario},
      {"candidates", std::move(candidates)}};
  Result<std::string> prompt = render(values, record);
  if (!prompt.ok()) return prompt.status();
  prepared.prompts.push_back(std::move(*prompt));
  return prepared;
}

std::size_t VerifyNegatives::count_candidates(const Record& record) const {
  return record.find(input_hardneg_key_)->size();
}

Json VerifyNegatives::schema_for(const Record& record) const {
  return verdict_schema(count_candidates(record), "relevant");
}

std::string VerifyNegatives::problem_of(const ChatReply& reply, const std::string&) const {
  return problem_of_object(reply);
}

std::string VerifyNegatives::problem_for(const Record& record, const ChatReply& reply,
                                         const std::string& prompt) const {
  const std::string problem = problem_of(reply, prompt);
  if (!problem.empty()) return problem;
  return problem_of_verdicts(*reply.structured, count_candidates(record), "relevant", "candidate");
}

void VerifyNegatives::store(const ChatReply& reply, Record& record) const {
  const Json candidates = record[input_hardneg_key_];
  std::vector<std::size_t> kept;
  std::vector<std::size_t> removed;
  Json verdicts = Json::array();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Json& given = (*reply.structured)[verdict_number(i, candidates.size())];
    const bool relevant = given["relevant"].get<bool>();
    verdicts.push_back({{"reason", trimmed(given["reason"].get_ref<const std::string&>())},
                        {"relevant", relevant}});
    if (relevant) {
      removed.push_back(i);
    } else if (kept.size() < static_cast<std::size_t>(num_neg_)) {
      kept.push_back(i);
    }
  }
  record[output_negatives_key_] = picked(candidates, kept);
  for (const std::string& key : parallel_keys_) record[key] = picked(record[key], kept);
  if (!output_verdicts_key_.empty()) record[output_verdicts_key_] = std::move(verdicts);
  if (!output_removed_key_.empty()) record[output_removed_key_] = picked(candidates, removed);
}

Status VerifyNegatives::give_out(Record record, Output& out) const {
  const std::size_t kept = record.find(output_negatives_key_)->size();
  if (kept >= static_cast<std::size_t>(min_neg_)) return out.emit(std::move(record));
  const std::string reason =
      "negatives " + std::to_string(kept) + " < min_neg " + std::to_string(min_neg_);
  if (on_too_few_ == "filter") return out.filter(reason);
  return record_error(reason + "; give it more candidates, or lower min_neg");
}

}  // namespace rare::distill
