#include "answer_check.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "built_in_prompts.h"
#include "plugins/prompt/final_answer.h"
#include "verdict_list.h"

namespace rare::distill {

using prompt::final_answer;
using prompt::same_answer;

namespace {

std::string share_text(double share) { return Json(std::round(share * 100) / 100).dump(); }

}  // namespace

Spec AnswerCheck::spec() {
  Spec spec("AnswerCheck");
  spec.summary("Keeps an answer that agrees with a reference, or with other samples.")
      .description(
          "The references are a text, such as a known answer, or a list of texts, such as what "
          "`llm.generate` with `n` gave for the same question. Of answer and references only what "
          "they come to is compared: what stands in <answer>...</answer> or follows the last "
          "\"Answer:\" (or 答案：), else all. With `compare: judge` one call for a record asks "
          "about each reference whether the answer comes to the same; with `exact` nothing is "
          "asked, and case, white space and punctuation do not count. A record whose share of "
          "references that agree is below `min_agreement` is filtered under a reason such as "
          "\"agreement 0.33 < 0.5\". The prompt may use {{question}}, {{answer}}, a loop "
          "{{#references}} with {{number}} and {{text}}, and every field of the record.")
      .version(1);
  using This = AnswerCheck;
  spec.param(&This::input_question_key_, "input_question_key", "question",
             "Field with the question.");
  spec.reads_param("input_question_key");
  spec.param(&This::input_answer_key_, "input_answer_key", "reasoning",
             "Field with the answer that is checked.");
  spec.reads_param("input_answer_key");
  spec.param(&This::input_reference_key_, "input_reference_key", "references",
             "Field with what it is compared with: a text, or a list of texts.");
  spec.reads_param("input_reference_key");
  spec.param(&This::compare_, "compare", "judge", "How answers are compared.")
      .choices({"judge", "exact"});
  spec.param(&This::min_agreement_, "min_agreement", 0.5,
             "Least share of the references that agree with an answer that is kept; 0: all are "
             "kept.")
      .range(0, 1);
  spec.param(&This::output_agreement_key_, "output_agreement_key", "agreement",
             "Field for that share.");
  spec.writes_param("output_agreement_key");
  spec.param(&This::output_verdicts_key_, "output_verdicts_key", "",
             "Field for the judge's verdicts, a list of {reason, same} in the references' order; "
             "empty: none.");
  declare_asking<This>(spec, {kAnswerCheckSystem, kAnswerCheckPrompt});
  declare_texts<This>(spec, 4000);
  return spec;
}

std::vector<ChatOperator::OutputField> AnswerCheck::written_fields() const {
  return {{"output_agreement_key", output_agreement_key_},
          {"output_verdicts_key", output_verdicts_key_}};
}

Status AnswerCheck::check_parameters() const {
  if (output_agreement_key_.empty()) {
    return configuration_error("output_agreement_key is empty; expected the name of a field");
  }
  return check_not_replaced(input_reference_key_, "references");
}

Result<std::vector<std::string_view>> AnswerCheck::references_of(const Record& record) const {
  const Json* value = record.find(input_reference_key_);
  std::vector<std::string_view> references;
  if (value != nullptr && value->is_array()) {
    Result<std::vector<std::string_view>> texts = texts_of(record, input_reference_key_, "");
    if (!texts.ok()) return texts.status();
    references = std::move(*texts);
  } else {
    const Result<std::string_view> text = text_of(record, input_reference_key_);
    if (!text.ok()) return text.status();
    references.push_back(*text);
  }
  if (!references.empty()) return references;
  return record_error("field \"" + input_reference_key_ +
                      "\" is an empty list; expected answers to compare with");
}

std::size_t AnswerCheck::count_references(const Record& record) const {
  const Json* value = record.find(input_reference_key_);
  return value->is_array() ? value->size() : 1;
}

Result<ChatOperator::Preparation> AnswerCheck::prepare(const Record& record) const {
  const Result<std::string_view> question = text_of(record, input_question_key_);
  if (!question.ok()) return question.status();
  const Result<std::string_view> text = text_of(record, input_answer_key_);
  if (!text.ok()) return text.status();
  const Result<std::vector<std::string_view>> texts = references_of(record);
  if (!texts.ok()) return texts.status();
  const std::string_view answer = final_answer(*text);

  Preparation prepared;
  if (compare_ == "exact") {
    const auto agreeing = std::count_if(
        texts->begin(), texts->end(),
        [&](std::string_view reference) { return same_answer(answer, final_answer(reference)); });
    prepared.fields[output_agreement_key_] =
        static_cast<double>(agreeing) / static_cast<double>(texts->size());
    return prepared;
  }
  Json references = Json::array();
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const std::string number = verdict_number(i, texts->size());
    references.push_back(
        {{"number", number},
         {"text", cut(final_answer((*texts)[i]), "reference " + number, record, prepared.fields)}});
  }
  const Json values = {
      {"question", *question},
      {"answer", cut(answer, "field \"" + input_answer_key_ + "\"", record, prepared.fields)},
      {"references", std::move(references)}};
  Result<std::string> prompt = render(values, record);
  if (!prompt.ok()) return prompt.status();
  prepared.prompts.push_back(std::move(*prompt));
  return prepared;
}

Json AnswerCheck::schema_for(const Record& record) const {
  return verdict_schema(count_references(record), "same");
}

std::string AnswerCheck::problem_of(const ChatReply& reply, const std::string&) const {
  return problem_of_object(reply);
}

std::string AnswerCheck::problem_for(const Record& record, const ChatReply& reply,
                                     const std::string& prompt) const {
  const std::string problem = problem_of(reply, prompt);
  if (!problem.empty()) return problem;
  return problem_of_verdicts(*reply.structured, count_references(record), "same", "reference");
}

void AnswerCheck::store(const ChatReply& reply, Record& record) const {
  const std::size_t references = count_references(record);
  Json verdicts = Json::array();
  std::size_t agreeing = 0;
  for (std::size_t i = 0; i < references; ++i) {
    const Json& given = (*reply.structured)[verdict_number(i, references)];
    const bool same = given["same"].get<bool>();
    agreeing += same ? 1 : 0;
    verdicts.push_back(
        {{"reason", trimmed(given["reason"].get_ref<const std::string&>())}, {"same", same}});
  }
  record[output_agreement_key_] = static_cast<double>(agreeing) / static_cast<double>(references);
  if (!output_verdicts_key_.empty()) record[output_verdicts_key_] = std::move(verdicts);
}

Status AnswerCheck::give_out(Record record, Output& out) const {
  const double agreement = record.find(output_agreement_key_)->get<double>();
  if (agreement >= min_agreement_) return out.emit(std::move(record));
  return out.filter("agreement " + share_text(agreement) + " < " + share_text(min_agreement_));
}

}  // namespace rare::distill
