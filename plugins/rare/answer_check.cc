#include "answer_check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include "built_in_prompts.h"
#include "verdict_list.h"

namespace rare::distill {

namespace {

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

// What a punctuation mark at `at` becomes: itself where it changes what is said, as in -5, 2.5, 3/4
// or 10%; nothing in 1,000; a space elsewhere.
std::string_view kept_mark(std::string_view text, std::size_t at) {
  constexpr std::string_view kMeaningful = "+*/=^%<>$";
  const bool digit_before = at > 0 && is_ascii_digit(text[at - 1]);
  const bool digit_after = at + 1 < text.size() && is_ascii_digit(text[at + 1]);
  const char mark = text[at];
  if (mark == ',' && digit_before && digit_after) return {};
  const bool of_a_number =
      (mark == '.' && digit_after) ||
      (mark == '-' && digit_after && !digit_before && (at == 0 || !is_ascii_letter(text[at - 1])));
  const bool kept = of_a_number || kMeaningful.find(mark) != std::string_view::npos;
  return kept ? text.substr(at, 1) : std::string_view(" ");
}

std::string comparable(std::string_view text) {
  constexpr std::array<std::string_view, 12> kWideMarks = {"。", "，", "！", "？", "；", "：",
                                                           "、", "“",  "”",  "「", "」", "…"};
  std::string made;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto wide =
        std::find_if(kWideMarks.begin(), kWideMarks.end(),
                     [&](std::string_view mark) { return text.substr(at).starts_with(mark); });
    const char c = text[at];
    std::string_view next = text.substr(at, 1);
    if (wide != kWideMarks.end()) {
      at += wide->size() - 1;
      next = " ";
    } else if (static_cast<unsigned char>(c) < 0x80 && !is_ascii_letter(c) && !is_ascii_digit(c)) {
      next = kept_mark(text, at);
    }
    if (next == " " && (made.empty() || made.back() == ' ')) continue;
    for (const char kept : next) {
      made += is_ascii_letter(kept) ? static_cast<char>(kept | 0x20) : kept;
    }
  }
  if (made.ends_with(' ')) made.pop_back();
  return made;
}

std::string share_text(double share) { return Json(std::round(share * 100) / 100).dump(); }

}  // namespace

std::string_view final_answer(std::string_view text) {
  constexpr std::string_view kOpen = "<answer>";
  const std::size_t open = text.rfind(kOpen);
  if (open != std::string_view::npos) {
    const std::string_view inside = text.substr(open + kOpen.size());
    return trimmed(inside.substr(0, inside.find("</answer>")));
  }
  std::size_t begin = 0;
  for (const std::string_view label : {"Answer:", "answer:", "ANSWER:", "答案：", "答案:"}) {
    const std::size_t at = text.rfind(label);
    if (at != std::string_view::npos) begin = std::max(begin, at + label.size());
  }
  std::string_view answer = text.substr(begin);
  // Of "**Answer:** ...".
  if (begin > 0) answer.remove_prefix(std::min(answer.find_first_not_of("* "), answer.size()));
  return trimmed(answer);
}

bool same_answer(std::string_view one, std::string_view other) {
  return comparable(one) == comparable(other);
}

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
  declare_asking<This>(spec);
  declare_texts<This>(spec, 4000);
  return spec;
}

std::string_view AnswerCheck::built_in_prompt() const { return kAnswerCheckPrompt; }
std::string_view AnswerCheck::built_in_system() const { return kAnswerCheckSystem; }

std::vector<ChatOperator::OutputField> AnswerCheck::written_fields() const {
  return {{"output_agreement_key", output_agreement_key_},
          {"output_verdicts_key", output_verdicts_key_}};
}

Status AnswerCheck::check_parameters() const {
  if (!output_agreement_key_.empty()) return Status();
  return configuration_error("output_agreement_key is empty; expected the name of a field");
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
  prepared.prompt = std::move(*prompt);
  return prepared;
}

Json AnswerCheck::schema_for(const Record& record) const {
  return verdict_schema(count_references(record), "same");
}

std::string AnswerCheck::problem_of(const ChatReply& reply, const std::string&) const {
  if (!reply.problem.empty()) return reply.problem;
  if (!reply.structured || !reply.structured->is_object()) return "it holds no JSON object";
  return {};
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
