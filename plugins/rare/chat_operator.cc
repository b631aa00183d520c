#include "chat_operator.h"

#include <utility>

#include "plugins/digest/sha256.h"
#include "plugins/tokens/token_estimate.h"
#include "rare/provenance.h"
#include "sentence_cut.h"
#include "word_runs.h"

namespace rare::distill {

Status ChatOperator::open_prompt() {
  const Status parameters = check_parameters();
  if (!parameters.ok()) return parameters;
  system_text_ = trimmed(system_);
  const std::string label = context().name() + ": prompt";
  prompt_digest_ = digest::sha256_hex(system_text_ + '\n' + prompt_);
  auto parsed = prompt::PromptTemplate::parse(label, prompt_);
  if (!parsed.ok()) return parsed.status();
  template_ = std::move(*parsed);
  for (const std::string_view name : needed_names()) {
    if (template_.uses(name)) continue;
    std::string seen;
    for (const std::string& used : template_.names()) seen += " {{" + used + "}}";
    return configuration_error(
        "prompt must use {{" + std::string(name) + "}}; it uses" +
        (seen.empty() ? " no field (if it names a file, that file does not exist)" : seen));
  }
  return check_prompt();
}

std::vector<ChatOperator::OutputField> ChatOperator::output_fields() const {
  std::vector<OutputField> fields = written_fields();
  fields.push_back({"output_cut_key", output_cut_key_});
  return fields;
}

Status ChatOperator::check_not_replaced(const std::string& field, std::string_view holds) const {
  for (const OutputField& output : output_fields()) {
    if (output.name != field) continue;
    return configuration_error(output.param + " names the field \"" + field +
                               "\", which holds the " + std::string(holds) +
                               "; give it another name");
  }
  return Status();
}

Task<Status> ChatOperator::process(Record record, Output& out) {
  Status free = check_outputs(record);
  if (!free.ok()) co_return free;
  Result<Preparation> prepared = prepare(record);
  if (!prepared.ok()) co_return prepared.status();
  if (prepared->prompts.empty()) {
    clear_outputs(record);
    record.mutable_fields().update(prepared->fields);
    co_return give_out(std::move(record), out);
  }
  std::vector<std::vector<ChatMessage>> chats;
  for (std::string& prompt : prepared->prompts) {
    std::vector<ChatMessage>& messages = chats.emplace_back();
    if (!system_text_.empty()) messages.emplace_back("system", system_text_);
    messages.emplace_back("user", std::move(prompt));
  }
  Task<Result<std::vector<ChatReply>>> asking = ask_chats(record, chats, needed());
  Result<std::vector<ChatReply>> replies = co_await asking;
  if (!replies.ok()) co_return replies.status();
  clear_outputs(record);
  record.mutable_fields().update(prepared->fields);
  co_return take_replies(*replies, std::move(record), out);
}

Status ChatOperator::take_replies(const std::vector<ChatReply>& replies, Record record,
                                  Output& out) const {
  keep(replies.front(), record);
  return give_out(std::move(record), out);
}

void ChatOperator::keep(const ChatReply& reply, Record& record) const {
  store(reply, record);
  note_reply(context(), record, reply, prompt_digest_);
}

void ChatOperator::warn(const Record& record, const std::string& what) const {
  context().log(LogLevel::warning, "record " + record.id().described() + ": " + what);
}

Result<std::string_view> ChatOperator::text_of(const Record& record, const std::string& key) const {
  const Json* value = record.find(key);
  if (value == nullptr) return record_error("the record has no field \"" + key + "\"");
  if (!value->is_string()) {
    return record_error("field \"" + key + "\" must be text, not " + value->type_name());
  }
  const std::string_view text = value->get_ref<const std::string&>();
  if (trimmed(text).empty()) return record_error("field \"" + key + "\" is empty");
  return text;
}

Result<std::vector<std::string_view>> ChatOperator::texts_of(const Record& record,
                                                             const std::string& key,
                                                             std::string_view without) const {
  const std::string field = "field \"" + key + "\"";
  const Json* list = record.find(key);
  if (list == nullptr) {
    return record_error("the record has no " + field + "; " + std::string(without));
  }
  if (!list->is_array()) {
    return record_error(field + " must be a list of texts, not " + list->type_name());
  }
  std::vector<std::string_view> texts;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& item = (*list)[i];
    if (!item.is_string()) {
      return record_error(field + " must be a list of texts; item " + std::to_string(i) + " is " +
                          item.type_name());
    }
    texts.push_back(item.get_ref<const std::string&>());
    if (trimmed(texts.back()).empty()) {
      return record_error(field + " must be a list of texts; item " + std::to_string(i) +
                          " is empty");
    }
  }
  return texts;
}

std::string_view ChatOperator::shortened(std::string_view text) const {
  const auto limit = static_cast<std::size_t>(max_text_chars_);
  return text.size() <= limit ? text : cut_at_sentence(text, limit);
}

std::string_view ChatOperator::cut(std::string_view text, std::string_view what,
                                   const Record& record, Json& fields) const {
  const std::string_view kept = shortened(text);
  if (kept.size() == text.size()) return text;
  const std::size_t kept_characters = count_characters(kept);
  warn(record, std::string(what) + " has " + std::to_string(count_characters(text)) +
                   " characters; the prompt holds the first " + std::to_string(kept_characters) +
                   " (max_text_chars " + std::to_string(max_text_chars_) + ")");
  if (!output_cut_key_.empty()) fields[output_cut_key_] = kept_characters;
  return trimmed(kept);
}

std::string_view ChatOperator::cut_to_tokens(std::string_view text, std::size_t max_tokens,
                                             std::string_view param, std::string_view what,
                                             const Record& record, Json& fields) const {
  const std::string_view kept = cut_at_sentence_by_tokens(text, max_tokens);
  if (kept.size() == text.size()) return text;
  warn(record, std::string(what) + " has " + std::to_string(tokens::estimate_tokens(text)) +
                   " tokens (" + std::string(tokens::kHowEstimated) +
                   "); the prompt holds the first " +
                   std::to_string(tokens::estimate_tokens(kept)) + " (" + std::string(param) + " " +
                   std::to_string(max_tokens) + ")");
  if (!output_cut_key_.empty()) fields[output_cut_key_] = count_characters(kept);
  return trimmed(kept);
}

Result<std::string> ChatOperator::render(const Json& values, const Record& record) const {
  return template_.render(values, record.fields());
}

std::string ChatOperator::problem_of_object(const ChatReply& reply) {
  if (!reply.problem.empty()) return reply.problem;
  if (!reply.structured || !reply.structured->is_object()) return "it holds no JSON object";
  return {};
}

std::string ChatOperator::problem_of_text(std::string_view text, std::string_view what,
                                          const Words& prompt) const {
  const std::string name(what);
  if (trimmed(text).empty()) return name + " is empty";
  const Words words(text);
  if (words.count() < static_cast<std::size_t>(min_words_)) {
    return name + " has " + std::to_string(words.count()) + " words and needs " +
           std::to_string(min_words_);
  }
  if (refuse_copies_ && repeats(words, prompt)) {
    return name + " is copied from the prompt and must use its own words";
  }
  return {};
}

}  // namespace rare::distill
