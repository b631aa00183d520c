#include "doc2query.h"

#include <algorithm>
#include <utility>

#include "built_in_prompts.h"
#include "plugins/phrases/self_contained.h"
#include "word_runs.h"

namespace rare::distill {

namespace {

// What keeps `text`, called `name`, from being understood without the document; empty: nothing.
std::string leaning_problem(const std::string& name, std::string_view text,
                            std::string_view situation, const Words& document) {
  const std::string phrase = phrases::leaning_phrase(text, situation);
  if (!phrase.empty()) {
    return "the " + name + " speaks of a text that its reader does not have (\"" + phrase +
           "\") and must stand alone";
  }
  const Words words(text);
  const SharedWords shared = shared_words(words, document);
  if (!is_pieced_together(words, shared)) return {};
  return "the " + name + " repeats up to " + std::to_string(shared.longest_run) +
         " words in a row from the document and must use its own";
}

}  // namespace

Spec Doc2Query::spec() {
  Spec spec("Doc2Query");
  spec.summary("Asks a language model for questions and scenarios that need a document.")
      .description(
          "The prompt may use {{text}}, the document, a loop {{#requirements}} over the sentences "
          "that the parameters ask for ({{.}} is one), and every field of the record. The reply is "
          "asked for as JSON; one that is cut off, does not parse, is too short or repeats the "
          "prompt is asked again, with the reason shown, up to max_attempts. So is, with "
          "`self_contained`, one that speaks of a text that its reader will not have (\"according "
          "to the passage\", \"the author\", \"figure 2\"; in Chinese, too), or that is pieced "
          "together from the document's sentences. With `questions_per_document` above 1 each "
          "question is a request with an instruction of its own and becomes a record of its own "
          "(`17` becomes `17.0`, `17.1`, ...); one that is nearly another is left out, and so is "
          "one that cannot be had: there are then fewer. A document without any is a dead letter.")
      .version(3);
  using This = Doc2Query;
  spec.param(&This::input_key_, "input_key", "text", "Field with the document.");
  spec.reads_param("input_key");
  spec.param(&This::output_question_key_, "output_question_key", "question",
             "Field for the question.");
  spec.writes_param("output_question_key");
  spec.param(&This::output_scenario_key_, "output_scenario_key", "scenario",
             "Field for the scenario.");
  spec.writes_param("output_scenario_key");
  spec.param(&This::self_contained_, "self_contained", true,
             "Ask again when question or scenario cannot stand without the document.");
  declare_demands(spec);
  declare<This>(spec, {kDoc2QuerySystem, kDoc2QueryPrompt}, 32000);
  spec.param(&This::max_input_tokens_, "max_input_tokens", 0,
             "A longer document is cut at a sentence's end for the prompt, and the log says so; "
             "estimated as four bytes, or one Chinese, Japanese or Korean character, a token; 0: "
             "no limit but `max_text_chars`.")
      .at_least(0)
      .unit("tokens");
  return spec;
}

void Doc2Query::declare_demands(Spec& spec) {
  using This = Doc2Query;
  spec.param(&This::questions_per_document_, "questions_per_document", 1,
             "How many questions a document is asked for.")
      .range(1, 1000);
  spec.param(&This::instructions_, "instructions", std::string(kDoc2QueryInstructions),
             "What tells a document's questions apart: a line for each in turn, or a file of them. "
             "The built-in ones are for several questions a document, one's own also for one.")
      .text_or_file();
  spec.param(&This::near_duplicate_, "near_duplicate", 0.7,
             "A question is nearly another of the same document when both hold so large a share of "
             "the words that either holds; 1: only when they hold the same.")
      .range(0.05, 1);
  spec.param(&This::difficulty_, "difficulty", "any", "How hard the questions are.")
      .choices({"any", "easy", "medium", "hard"});
  spec.param(&This::domain_, "domain", "",
             "Where the situations come from, such as \"hospital pharmacy\"; empty: anywhere.");
  spec.param(&This::language_, "language", "",
             "The language of question and scenario; empty: that of the prompt.");
}

std::vector<ChatOperator::OutputField> Doc2Query::written_fields() const {
  return {{"output_question_key", output_question_key_},
          {"output_scenario_key", output_scenario_key_}};
}

std::vector<std::string> Doc2Query::instructions() const {
  const bool is_built_in = instructions_ == kDoc2QueryInstructions;
  if (is_built_in && questions_per_document_ == 1) return {""};
  std::vector<std::string> lines = lines_of(instructions_);
  if (lines.empty()) lines.emplace_back();
  return lines;
}

QuestionDemands Doc2Query::demands_of_pipeline() const {
  return {difficulty_ == "any" ? "" : difficulty_, domain_, language_};
}

Status Doc2Query::check_prompt() const {
  const QuestionDemands demands = demands_of_pipeline();
  if (prompt_uses("requirements")) return Status();
  if (requirement_sentences(demands, instructions().front()).empty()) return Status();
  return configuration_error(
      "prompt must use {{#requirements}}{{.}}{{/requirements}}, or questions_per_document, "
      "instructions, difficulty, domain and language change nothing");
}

Result<ChatOperator::Preparation> Doc2Query::prepare(const Record& record) const {
  const Result<std::string_view> text = text_of(record, input_key_);
  if (!text.ok()) return text.status();
  Preparation prepared;
  const std::string what = "field \"" + input_key_ + "\"";
  std::string_view shown = cut(*text, what, record, prepared.fields);
  if (max_input_tokens_ > 0) {
    shown = cut_to_tokens(shown, static_cast<std::size_t>(max_input_tokens_), "max_input_tokens",
                          what, record, prepared.fields);
  }
  const QuestionDemands demands = demands_of_pipeline();
  const std::vector<std::string> kinds = instructions();
  for (std::size_t i = 0; i < static_cast<std::size_t>(questions_per_document_); ++i) {
    const Json values = {{"text", shown},
                         {"requirements", requirement_sentences(demands, kinds[i % kinds.size()])}};
    Result<std::string> prompt = render(values, record);
    if (!prompt.ok()) return prompt.status();
    prepared.prompts.push_back(std::move(*prompt));
  }
  return prepared;
}

std::vector<const ChatReply*> Doc2Query::distinct(const std::vector<ChatReply>& replies) const {
  std::vector<const ChatReply*> kept;
  for (const ChatReply& reply : replies) {
    const auto question = [](const ChatReply& of) {
      return std::string_view((*of.structured)["question"].get_ref<const std::string&>());
    };
    const bool is_new = std::none_of(kept.begin(), kept.end(), [&](const ChatReply* other) {
      return word_overlap(question(reply), question(*other)) >= near_duplicate_;
    });
    if (is_new) kept.push_back(&reply);
  }
  return kept;
}

Status Doc2Query::take_replies(const std::vector<ChatReply>& replies, Record record,
                               Output& out) const {
  const std::vector<const ChatReply*> kept = distinct(replies);
  const auto asked = static_cast<std::size_t>(questions_per_document_);
  if (kept.size() < asked) {
    warn(record, std::to_string(kept.size()) + " of " + std::to_string(asked) + " questions: " +
                     std::to_string(asked - replies.size()) + " could not be had, " +
                     std::to_string(replies.size() - kept.size()) + " were nearly others");
  }
  for (const ChatReply* reply : kept) {
    Record one = reply == kept.back() ? std::move(record) : Record(record);
    keep(*reply, one);
    Status emitted = give_out(std::move(one), out);
    if (!emitted.ok()) return emitted;
  }
  return Status();
}

Json Doc2Query::schema() const {
  static const Json kSchema = {
      {"type", "object"},
      {"properties",
       {{"question", {{"type", "string"}, {"description", "One question about the situation."}}},
        {"scenario",
         {{"type", "string"}, {"description", "Two or three sentences that set it up."}}}}},
      {"required", {"question", "scenario"}},
      {"additionalProperties", false}};
  return kSchema;
}

std::string Doc2Query::problem_of(const ChatReply& reply, const std::string& prompt) const {
  if (std::string problem = problem_of_object(reply); !problem.empty()) return problem;
  const Words prompt_words(prompt);
  for (const char* key : {"question", "scenario"}) {
    const auto value = reply.structured->find(key);
    if (value == reply.structured->end() || !value->is_string()) {
      return "\"" + std::string(key) + "\" must be a text and is " +
             (value == reply.structured->end() ? "missing" : value->type_name());
    }
    std::string problem = problem_of_text(value->get_ref<const std::string&>(),
                                          "the " + std::string(key), prompt_words);
    if (!problem.empty()) return problem;
  }
  return {};
}

std::string Doc2Query::problem_for(const Record& record, const ChatReply& reply,
                                   const std::string& prompt) const {
  std::string problem = problem_of(reply, prompt);
  if (!problem.empty() || !self_contained_) return problem;
  const Words document(record.find(input_key_)->get_ref<const std::string&>());
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
