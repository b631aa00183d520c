#include "chat_operator.h"

#include <algorithm>
#include <array>

#include "plugins/digest/sha256.h"
#include "rare/provenance.h"
#include "sentence_cut.h"
#include "word_runs.h"

namespace rare::distill {

namespace {

constexpr std::array<std::string_view, 6> kGenerationKeys = {"temperature", "top_p", "max_tokens",
                                                             "seed",        "stop",  "extra_body"};

Status configuration_error(const std::string& message) {
  return Status::run_fault(StatusCode::invalid_argument, message);
}

Status check_generation(const std::string& node, const Json& generation) {
  if (!generation.is_object()) {
    return configuration_error(node +
                               ": generation must be a map such as {temperature: 0.8}, not " +
                               generation.type_name());
  }
  for (const auto& [key, value] : generation.items()) {
    if (std::find(kGenerationKeys.begin(), kGenerationKeys.end(), key) == kGenerationKeys.end()) {
      return configuration_error(node + ": generation has no key \"" + key +
                                 "\"; it takes temperature, top_p, max_tokens, seed, stop, and "
                                 "extra_body for what else the endpoint understands");
    }
  }
  return Status();
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Status ChatOperator::open(Context& context) {
  context_ = &context;
  if (llm_ == nullptr) {
    return configuration_error(context.name() +
                               ": llm must name a service that is a language model");
  }
  const Status generation = check_generation(context.name(), generation_);
  if (!generation.ok()) return generation;
  return open_prompt();
}

Status ChatOperator::open_prompt() {
  system_text_ = trimmed(system_ ? *system_ : built_in_system());
  const std::string label = context_->name() + ": prompt";
  const std::string prompt(prompt_ ? *prompt_ : built_in_prompt());
  prompt_digest_ = digest::sha256_hex(system_text_ + '\n' + prompt);
  auto parsed = PromptTemplate::parse(label, prompt);
  if (!parsed.ok()) return parsed.status();
  template_ = std::move(*parsed);
  for (const std::string_view name : needed_names()) {
    if (template_.uses(name)) continue;
    std::string seen;
    for (const std::string& used : template_.names()) seen += " {{" + used + "}}";
    return configuration_error(
        label + " must use {{" + std::string(name) + "}}; it uses" +
        (seen.empty() ? " no field (if it names a file, that file does not exist)" : seen));
  }
  return Status();
}

std::vector<ChatOperator::OutputField> ChatOperator::output_fields() const {
  std::vector<OutputField> fields = written_fields();
  fields.push_back({"output_cut_key", &output_cut_key_});
  return fields;
}

Task<Status> ChatOperator::process(Record record, Output& out) {
  Status free = check_outputs(record);
  if (!free.ok()) co_return free;
  Result<Preparation> prepared = prepare(record);
  if (!prepared.ok()) co_return prepared.status();

  std::string problem;
  std::string raw;
  for (int attempt = 0; attempt < max_attempts_; ++attempt) {
    ChatRequest request = request_for(record, prepared->prompt, attempt, problem);
    Result<ChatReply> reply = co_await llm_->chat(std::move(request));
    if (!reply.ok()) co_return reply.status();
    problem = problem_of(*reply, prepared->prompt);
    if (problem.empty()) {
      if (overwrite_) {
        for (const OutputField& field : output_fields()) record.erase(*field.name);
      }
      record.mutable_fields().update(prepared->fields);
      store(*reply, record);
      note_reply(*context_, record, *reply, prompt_digest_);
      co_return out.emit(std::move(record));
    }
    raw = reply->raw.empty() ? reply->text : reply->raw;
  }
  Status exhausted =
      record_error("no usable reply in " + std::to_string(max_attempts_) +
                   (max_attempts_ == 1 ? " attempt" : " attempts") + "; the last one: " + problem);
  co_return std::move(exhausted).with_raw(std::move(raw)).with_attempts(max_attempts_);
}

ChatRequest ChatOperator::request_for(const Record& record, const std::string& prompt, int attempt,
                                      const std::string& problem) const {
  ChatRequest request(record);
  if (!system_text_.empty()) request.messages.emplace_back("system", system_text_);
  // Before the prompt and not after it: a model that only continues text must find the prompt's own
  // end last.
  request.messages.emplace_back("user", problem.empty()
                                            ? prompt
                                            : "Note: an earlier reply was refused, because " +
                                                  problem + ". Do better this time.\n\n" + prompt);
  request.generation = generation_;
  const auto seed = request.generation.find("seed");
  if (seed != request.generation.end() && seed->is_number_integer()) {
    *seed = seed->get<std::int64_t>() + record.round() * max_attempts_ + attempt;
  }
  request.schema = schema();
  request.attempt = attempt;
  return request;
}

Status ChatOperator::check_outputs(const Record& record) const {
  if (overwrite_) return Status();
  for (const OutputField& field : output_fields()) {
    if (field.name->empty() || !record.has(*field.name)) continue;
    return configuration_error(context_->name() + ": record " + record.id().to_string() +
                               " already has the field \"" + *field.name +
                               "\"; name another one in " + std::string(field.param) +
                               ", or set overwrite: true to replace it");
  }
  return Status();
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

std::string_view ChatOperator::cut(std::string_view text, std::string_view what,
                                   const Record& record, Json& fields) const {
  const auto limit = static_cast<std::size_t>(max_text_chars_);
  const std::string_view kept = text.size() <= limit ? text : cut_at_sentence(text, limit);
  if (kept.size() == text.size()) return text;
  const std::size_t kept_characters = count_characters(kept);
  context_->log(LogLevel::warning, "record " + record.id().to_string() + ": " + std::string(what) +
                                       " has " + std::to_string(count_characters(text)) +
                                       " characters; the prompt holds the " + "first " +
                                       std::to_string(kept_characters) + " (max_text_chars " +
                                       std::to_string(max_text_chars_) + ")");
  if (!output_cut_key_.empty()) fields[output_cut_key_] = kept_characters;
  return trimmed(kept);
}

Result<std::string> ChatOperator::render(const Json& values, const Record& record) const {
  return template_.render(values, record.fields());
}

std::string ChatOperator::problem_of_text(std::string_view text, std::string_view what,
                                          const std::string& prompt) const {
  const std::string name(what);
  if (trimmed(text).empty()) return name + " is empty";
  const std::size_t words = count_words(text);
  if (words < static_cast<std::size_t>(min_words_)) {
    return name + " has " + std::to_string(words) + " words and needs " +
           std::to_string(min_words_);
  }
  if (refuse_copies_ && repeats(text, prompt)) {
    return name + " is copied from the prompt and must use its own words";
  }
  return {};
}

Status ChatOperator::record_error(const std::string& message) const {
  return Status(StatusCode::invalid_data, context_->name() + ": " + message);
}

}  // namespace rare::distill
