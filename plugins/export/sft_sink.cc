#include "sft_sink.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

#include "plugins/prompt/asking_operator.h"
#include "plugins/prompt/final_answer.h"
#include "rare/random.h"
#include "reasoning_parts.h"
#include "record_texts.h"

namespace rare::exports {
namespace {

constexpr const char* kPassages = "passages";
constexpr std::size_t kRowBytes = 256;  // of a row beside its texts: names, escapes
// The passages as ReasonDistill shows them, so that the numbers in the reasoning mean the same.
constexpr const char* kPrompt =
    "{{#passages}}\nPassage {{number}}: {{text}}\n{{/passages}}\n"
    "Scenario: {{scenario}}\nQuestion: {{question}}";

// What a completion comes to; all of it where it marks no answer.
std::string_view answer_of(std::string_view text) {
  const std::optional<ReasoningParts> parts = parts_of_reasoning(text);
  return prompt::final_answer(parts ? parts->answer : text);
}

}  // namespace

Spec SftSink::spec() {
  Spec spec("export.sft");
  spec.summary("Writes records as training data for language models: a folder that trainers load.")
      .description(
          "The folder gets train.jsonl and validation.jsonl, which share no document, README.md (a "
          "dataset card with counts, models and settings) and, for the forms that LLaMA-Factory "
          "reads, dataset_info.json. `datasets.load_dataset` takes the folder as it is. The "
          "default prompt shows the document and its negatives, whole, in the order in which the "
          "teacher saw them, then scenario and question; the completion is the reasoning. A record "
          "that lacks what the form needs is a dead letter that names the field. "
          "Every row has the column `document`: what decided its part.");
  using This = SftSink;
  declare<This>(spec);
  spec.param(&This::format_, "format", "messages",
             "messages: lists of role and content, as TRL and OpenAI have them; sharegpt and "
             "alpaca: as LLaMA-Factory has them.")
      .choices({"messages", "sharegpt", "alpaca"});
  spec.param(&This::objective_, "objective", "sft",
             "sft: a row for each record. dpo: a row for each rejected completion, with the good "
             "one beside it. kto: a row for each completion, marked as good or not.")
      .choices({"sft", "dpo", "kto"});
  spec.param(&This::system_, "system", "", "System text, or a file of it; empty: none.")
      .text_or_file();
  spec.param(&This::prompt_, "prompt", kPrompt,
             "What the model sees, or a file of it: {{fields}} of the record, and a loop "
             "{{#passages}} with {{number}} and {{text}} over document and negatives.")
      .text_or_file();
  spec.param(&This::thinking_, "thinking", "as_is",
             "as_is: the completion is the reasoning as its field holds it. The others tell "
             "reasoning and answer apart (<think>, <answer>, or a last line \"Answer:\"): tags "
             "puts <think> around the reasoning, field gives it a field of its own (messages "
             "alone; LLaMA-Factory does not read it), left_out writes the answer alone.")
      .choices({"as_is", "tags", "field", "left_out"});
  spec.param(&This::thinking_key_, "thinking_key", "reasoning_content",
             "With `thinking: field`, the field's name in the assistant's message.");
  declare_fields(spec);
  return spec;
}

void SftSink::declare_fields(Spec& spec) {
  using This = SftSink;
  spec.param(&This::input_reasoning_key_, "input_reasoning_key", "reasoning",
             "Field with what the model is to write.");
  spec.reads_param("input_reasoning_key");
  spec.param(&This::input_answer_key_, "input_answer_key", "",
             "Field with the answer, where the other holds the reasoning alone; not with "
             "`thinking: as_is`. Empty: the answer is in the reasoning.");
  spec.reads_param("input_answer_key");
  spec.param(&This::input_rejected_key_, "input_rejected_key", "",
             "For dpo and kto: field with a text, or a list of them, that the model is not to "
             "write, such as all samples of ReasonDistill; those equal to the good one, or to an "
             "earlier one, are passed over.");
  spec.reads_param("input_rejected_key");
  spec.param(&This::reject_same_answer_, "reject_same_answer", false,
             "Take also those whose final answer is the good one's (but for case, white space and "
             "punctuation): for reasoning that is worse though it comes to the same.");
  spec.param(&This::input_text_key_, "input_text_key", "text",
             "Field with the document, for {{#passages}}.");
  spec.param(&This::input_hardneg_key_, "input_hardneg_key", "hard_negatives",
             "Field with the list of negatives, for {{#passages}}; may be an empty list.");
  spec.param(&This::input_order_key_, "input_order_key", "passages_order",
             "Field with the order of the passages: 0 is the document, which must be there, 1 the "
             "first negative, ...; a negative that it does not name is not shown. "
             "Empty: they are shuffled by the run's seed and the record's id, which is right where "
             "the reasoning names none by its number.");
}

Status SftSink::prepare() const {
  if (objective_ != "sft" && input_rejected_key_.empty()) {
    return configuration_error("`objective: " + objective_ +
                               "` needs `input_rejected_key`, the field with completions that are "
                               "not wanted; for example ReasonDistill's output_samples_key");
  }
  if (thinking_ == "field" && format_ != "messages") {
    return configuration_error("`thinking: field` is known to `format: messages` alone, came `" +
                               format_ + "`; take tags, as_is or left_out");
  }
  if (thinking_ == "field" &&
      (thinking_key_ == "role" || thinking_key_ == "content" || thinking_key_.empty())) {
    return configuration_error(
        "`thinking_key` needs a name that no other field of a message has, "
        "came \"" +
        thinking_key_ + "\"");
  }
  if (thinking_ == "as_is" && !input_answer_key_.empty()) {
    return configuration_error(
        "`input_answer_key` does nothing with `thinking: as_is`; take tags, "
        "field or left_out, or leave it out");
  }
  Result<prompt::PromptTemplate> parsed = prompt::PromptTemplate::parse("`prompt`", prompt_);
  if (!parsed) return configuration_error(parsed.status().message());
  template_ = std::move(*parsed);
  return Status();
}

ChatRows SftSink::rows() const {
  return ChatRows({format_, objective_, system_, thinking_ == "field" ? thinking_key_ : ""});
}

Json SftSink::settings() const {
  return {{"export", "export.sft"}, {"format", format_}, {"objective", objective_},
          {"system", system_},      {"prompt", prompt_}, {"thinking", thinking_}};
}

Status SftSink::append_rows(const Record& record, const std::string& document, std::string& lines,
                            Counts& left_out) const {
  const Result<std::string_view> reasoning = text_in(record, input_reasoning_key_);
  if (!reasoning) return reasoning.status();
  std::optional<std::string_view> answer;
  if (!input_answer_key_.empty()) {
    const Result<std::string_view> text = text_in(record, input_answer_key_);
    if (!text) return text.status();
    answer = *text;
  }
  ChatExample example;
  example.document = document;
  Result<Completion> wanted = completion_of(*reasoning, answer, input_reasoning_key_);
  if (!wanted) return wanted.status();
  example.wanted = std::move(*wanted);
  if (objective_ != "sft") {
    Status added = add_unwanted(record, *reasoning,
                                answer ? prompt::final_answer(*answer) : answer_of(*reasoning),
                                example, left_out);
    if (!added) return added;
  }
  Result<std::string> prompt = prompt_of(record);
  if (!prompt) return prompt.status();
  example.prompt = std::move(*prompt);
  lines.reserve(lines.size() + kRowBytes + example.prompt.size() + example.wanted.text.size() +
                example.wanted.thinking.size());
  return rows().append(std::move(example), lines);
}

Result<Completion> SftSink::completion_of(std::string_view text,
                                          std::optional<std::string_view> answer,
                                          const std::string& where) const {
  if (thinking_ == "as_is") return Completion{std::string(text), {}};
  std::optional<ReasoningParts> parts;
  if (answer) {
    const std::optional<std::string_view> thinking = thinking_alone(text);
    if (!thinking) {
      return wrong_field(where, "reasoning without the answer, which `input_answer_key` names",
                         "one with tags in it; take the field of ReasonDistill's "
                         "output_thinking_key, or leave `input_answer_key` out");
    }
    parts = ReasoningParts{*thinking, *answer};
  } else {
    parts = parts_of_reasoning(text);
  }
  if (!parts) {
    return wrong_field(where,
                       "reasoning and an answer that can be told apart (<think>, <answer>, or a "
                       "last line \"Answer:\"), with no tag in either",
                       "another text; `thinking: as_is` writes it as it is");
  }
  Completion completion{std::string(parts->answer), {}};
  if (thinking_ == "field") completion.thinking = parts->thinking;
  if (thinking_ == "tags") {
    completion.text =
        "<think>\n" + std::string(parts->thinking) + "\n</think>\n\n" + completion.text;
  }
  return completion;
}

Result<std::vector<std::string_view>> SftSink::rejected_texts(const Record& record) const {
  const Json* field = record.find(input_rejected_key_);
  if (field == nullptr || !field->is_string()) {
    return texts_in(record, input_rejected_key_, "name the field with `input_rejected_key`");
  }
  const Result<std::string_view> text = text_in(record, input_rejected_key_);
  if (!text) return text.status();
  return std::vector<std::string_view>{*text};
}

Status SftSink::add_unwanted(const Record& record, std::string_view wanted, std::string_view answer,
                             ChatExample& example, Counts& left_out) const {
  const Result<std::vector<std::string_view>> texts = rejected_texts(record);
  if (!texts) return texts.status();
  std::vector<std::string_view> known;
  for (const std::string_view text : *texts) {
    const std::string_view bare = prompt::trimmed(text);
    if (bare == prompt::trimmed(wanted)) continue;
    if (!reject_same_answer_ && prompt::same_answer(answer_of(text), answer)) {
      left_out["rejected completions with the answer of the good one"] += 1;
      continue;
    }
    Result<Completion> unwanted = completion_of(text, std::nullopt, input_rejected_key_);
    if (!unwanted) {
      left_out["rejected completions without an answer that can be told apart"] += 1;
      continue;
    }
    if (*unwanted == example.wanted) continue;
    const auto& others = example.unwanted;
    if (std::find(known.begin(), known.end(), bare) != known.end() ||
        std::find(others.begin(), others.end(), *unwanted) != others.end()) {
      left_out["rejected completions that an earlier one is equal to"] += 1;
      continue;
    }
    known.push_back(bare);
    example.unwanted.push_back(std::move(*unwanted));
  }
  if (objective_ == "dpo" && example.unwanted.empty()) {
    std::string came = "none";
    for (const auto& [what, count] : left_out) came += "; " + std::to_string(count) + " " + what;
    return wrong_field(input_rejected_key_,
                       reject_same_answer_
                           ? "a text other than the wanted one"
                           : "a text other than the wanted one, with another answer",
                       came);
  }
  return Status();
}

Result<std::string> SftSink::prompt_of(const Record& record) const {
  Json values = Json::object();
  if (template_.uses(kPassages)) {
    const Result<std::string_view> text = text_in(record, input_text_key_);
    if (!text) return text.status();
    Result<std::vector<std::string_view>> texts =
        texts_in(record, input_hardneg_key_,
                 "give it an empty list, or take a `prompt` without {{#passages}}");
    if (!texts) return texts.status();
    texts->insert(texts->begin(), *text);
    const Result<std::vector<std::size_t>> order = order_of(record, texts->size());
    if (!order) return order.status();
    Json passages = Json::array();
    for (const std::size_t index : *order) {
      if (index > 0 && prompt::trimmed((*texts)[index]) == prompt::trimmed(*text)) {
        return wrong_field(input_hardneg_key_, "texts other than the document's",
                           "the document as item " + std::to_string(index));
      }
      Json passage = Json::object();
      passage.emplace("number", passages.size() + 1);
      passage.emplace("text", (*texts)[index]);
      passages.push_back(std::move(passage));
    }
    values[kPassages] = std::move(passages);
  }
  return rendered(template_, values, record);
}

Result<std::vector<std::size_t>> SftSink::order_of(const Record& record,
                                                   std::size_t passages) const {
  std::vector<std::size_t> order;
  if (input_order_key_.empty()) {
    order.resize(passages);
    std::iota(order.begin(), order.end(), 0);
    Random random(derive_seed(seed(), record.id().to_string(), "export.order"));
    random.shuffle(order);
    return order;
  }
  const Json* field = record.find(input_order_key_);
  const auto refused = [&](const std::string& came) {
    return wrong_field(input_order_key_,
                       "a list of different numbers from 0 to " + std::to_string(passages - 1) +
                           " that has 0, the document, as ReasonDistill writes it "
                           "(`input_order_key: \"\"` shuffles anew)",
                       came);
  };
  if (field == nullptr) return refused("a record without it");
  if (!field->is_array()) return refused(field->type_name());
  for (const Json& item : *field) {
    const bool fits = item.is_number_integer() && item.get<std::int64_t>() >= 0 &&
                      item.get<std::uint64_t>() < passages;
    if (!fits || std::find(order.begin(), order.end(), item.get<std::size_t>()) != order.end()) {
      return refused(field->dump(-1, ' ', true, Json::error_handler_t::replace));
    }
    order.push_back(item.get<std::size_t>());
  }
  if (std::find(order.begin(), order.end(), 0) == order.end()) {
    return refused(field->dump());
  }
  return order;
}

}  // namespace rare::exports
