#include "doc2query.h"

#include "built_in_prompts.h"
#include "self_contained.h"
#include "word_runs.h"

namespace rare::distill {

namespace {

// What keeps `text`, called `name`, from being understood without the document; empty: nothing.
std::string leaning_problem(const std::string& name, std::string_view text,
                            std::string_view situation, std::string_view document) {
  const std::string phrase = leaning_phrase(text, situation);
  if (!phrase.empty()) {
    return "the " + name + " speaks of a text that its reader does not have (\"" + phrase +
           "\") and must stand alone";
  }
  const SharedWords shared = shared_words(text, document);
  if (!is_pieced_together(text, shared)) return {};
  return "the " + name + " repeats up to " + std::to_string(shared.longest_run) +
         " words in a row from the document and must use its own";
}

}  // namespace

Spec Doc2Query::spec() {
  Spec spec("Doc2Query");
  spec.summary("Asks a language model for a question and a scenario that need a document.")
      .description(
          "The prompt may use {{text}}, the document, and every field of the record. The reply is "
          "asked for as JSON; one that is cut off, does not parse, is too short or repeats the "
          "prompt is asked again, with the reason shown, up to max_attempts. So is, with "
          "`self_contained`, one that speaks of a text that its reader will not have (\"according "
          "to "
          "the passage\", \"the author\", \"figure 2\"; in Chinese, too), or that is pieced "
          "together "
          "from the document's sentences.")
      .version(2);
  spec.param(&Doc2Query::input_key_, "input_key", "text", "Field with the document.");
  spec.reads_param("input_key");
  spec.param(&Doc2Query::output_question_key_, "output_question_key", "question",
             "Field for the question.");
  spec.writes_param("output_question_key");
  spec.param(&Doc2Query::output_scenario_key_, "output_scenario_key", "scenario",
             "Field for the scenario.");
  spec.writes_param("output_scenario_key");
  spec.param(&Doc2Query::self_contained_, "self_contained", true,
             "Ask again when question or scenario cannot stand without the document.");
  declare<Doc2Query>(spec, 32000);
  return spec;
}

std::string_view Doc2Query::built_in_prompt() const { return kDoc2QueryPrompt; }
std::string_view Doc2Query::built_in_system() const { return kDoc2QuerySystem; }

std::vector<ChatOperator::OutputField> Doc2Query::written_fields() const {
  return {{"output_question_key", output_question_key_},
          {"output_scenario_key", output_scenario_key_}};
}

Result<ChatOperator::Preparation> Doc2Query::prepare(const Record& record) const {
  const Result<std::string_view> text = text_of(record, input_key_);
  if (!text.ok()) return text.status();
  Preparation prepared;
  const Json values = {
      {"text", cut(*text, "field \"" + input_key_ + "\"", record, prepared.fields)}};
  Result<std::string> prompt = render(values, record);
  if (!prompt.ok()) return prompt.status();
  prepared.prompt = std::move(*prompt);
  return prepared;
}

Json Doc2Query::schema() const {
  return {
      {"type", "object"},
      {"properties",
       {{"question", {{"type", "string"}, {"description", "One question about the situation."}}},
        {"scenario",
         {{"type", "string"}, {"description", "Two or three sentences that set it up."}}}}},
      {"required", {"question", "scenario"}},
      {"additionalProperties", false}};
}

std::string Doc2Query::problem_of(const ChatReply& reply, const std::string& prompt) const {
  if (std::string problem = problem_of_object(reply); !problem.empty()) return problem;
  for (const char* key : {"question", "scenario"}) {
    const auto value = reply.structured->find(key);
    if (value == reply.structured->end() || !value->is_string()) {
      return "\"" + std::string(key) + "\" must be a text and is " +
             (value == reply.structured->end() ? "missing" : value->type_name());
    }
    std::string problem =
        problem_of_text(value->get_ref<const std::string&>(), "the " + std::string(key), prompt);
    if (!problem.empty()) return problem;
  }
  return {};
}

std::string Doc2Query::problem_for(const Record& record, const ChatReply& reply,
                                   const std::string& prompt) const {
  std::string problem = problem_of(reply, prompt);
  if (!problem.empty() || !self_contained_) return problem;
  const std::string_view document = record.find(input_key_)->get_ref<const std::string&>();
  const std::string question = (*reply.structured)["question"];
  const std::string scenario = (*reply.structured)["scenario"];
  problem = leaning_problem("question", question, scenario, document);
  return problem.empty() ? leaning_problem("scenario", scenario, {}, document) : problem;
}

void Doc2Query::store(const ChatReply& reply, Record& record) const {
  const Json& answer = *reply.structured;
  record[output_question_key_] = trimmed(answer["question"].get_ref<const std::string&>());
  record[output_scenario_key_] = trimmed(answer["scenario"].get_ref<const std::string&>());
}

}  // namespace rare::distill
