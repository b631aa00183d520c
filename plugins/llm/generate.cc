#include "plugins/llm/generate.h"

#include <utility>

#include "plugins/llm/answer_schema.h"
#include "rare/provenance.h"

namespace rare::llm {

namespace {

// Fields of the answer, by the parameters alone: before anything is opened they may be anything.
std::vector<std::string> answer_fields(const Json& values) {
  const Json& schema = values.at("schema");
  const Json& n_as = values.at("n_as");
  const bool gives_list = n_as.is_null() ? values.at("n") > 1 : n_as == "list";
  if (schema.is_null() && values.at("output_key").is_null()) return {"answer"};
  std::vector<std::string> fields;
  if (gives_list || !schema.is_object()) return fields;
  const Json properties = schema.value("properties", Json());
  if (!properties.is_object()) return fields;
  for (const auto& [name, rules] : properties.items()) fields.push_back(name);
  return fields;
}

}  // namespace

Spec Generate::spec() {
  Spec spec("llm.generate");
  spec.summary("Asks a language model with a prompt of the pipeline's own; the answer is a field.")
      .description(
          "`system`, `prompt` and each content of `messages` are templates: `{{field}}` is a field "
          "of the record, `{{#list}}...{{/list}}` repeats what stands between for each item of a "
          "list (`{{name}}` is then a field of the item, `{{.}}` an item that is text). With "
          "`schema` the answer is asked for as a JSON object; one that does not satisfy it, and "
          "any "
          "that is empty or cut off, is asked again, with the reason shown, up to `max_attempts`. "
          "With `n` above 1 the answers are asked for at the same time, each with its own "
          "attempts; a record of which one answer stays unusable is a dead letter. They differ as "
          "far as the sampling lets them: a temperature of 0 gives the same one again.")
      .version(1);
  declare_llm<Generate>(spec);
  spec.param(&Generate::system_, "system", std::nullopt,
             "System text with {{fields}}, or a file of it; left out or empty: none.")
      .text_or_file();
  spec.param(&Generate::prompt_, "prompt", std::nullopt,
             "Prompt with {{fields}}, or a file of it. Either this or `messages`.")
      .text_or_file();
  spec.param(&Generate::messages_, "messages", std::nullopt,
             "A chat of several turns: a list of {role: system, user or assistant; content: text "
             "with {{fields}}}, the last one the user's.");
  declare_attempts<Generate>(spec);
  spec.param(&Generate::output_key_, "output_key", std::nullopt,
             "Field for the answer; left out: `answer`, or with `schema` none but those of its "
             "properties. With `schema` it holds the whole object.");
  spec.writes_param("output_key");
  spec.param(&Generate::schema_, "schema", std::nullopt,
             "JSON Schema of the answer, an object; its properties become fields of the record.");
  spec.param(&Generate::n_, "n", 1, "Answers to ask for.").range(1, 1000);
  spec.param(&Generate::n_as_, "n_as", std::nullopt,
             "list: one record, whose `output_key` holds the list of the answers; records: a "
             "record for each answer. Left out: list, and a single answer without a list.")
      .choices({"list", "records"});
  spec.param(&Generate::output_thinking_key_, "output_thinking_key", "",
             "Field for the reasoning that the endpoint gave apart; empty: none.");
  spec.writes_param("output_thinking_key");
  spec.writes_given(answer_fields);
  declare_overwrite<Generate>(spec);
  return spec;
}

Status Generate::open_prompt() {
  if (prompt_ && !messages_.is_null()) {
    return configuration_error(
        "prompt and messages are both given; expected one of them: prompt for a single question, "
        "messages for several turns");
  }
  if (!prompt_ && messages_.is_null()) {
    return configuration_error(
        "expected prompt (a single question) or messages (several turns), got neither");
  }
  const std::string system = system_.value_or("");
  Result<ChatPrompt> chat = prompt_ ? ChatPrompt::of_question(context().name(), system, *prompt_)
                                    : ChatPrompt::of_turns(context().name(), system, messages_);
  if (!chat.ok()) return chat.status();
  chat_ = std::move(*chat);
  return open_answer();
}

Status Generate::open_answer() {
  if (output_key_ && output_key_->empty()) {
    return configuration_error(
        "output_key is empty; expected the name of a field, or leave it out");
  }
  if (schema_.is_null()) return Status();
  const Status sound = check_answer_schema(schema_);
  if (!sound.ok()) return configuration_error(sound.message());
  if (gives_list() && !output_key_) {
    return configuration_error(
        "a list of answers to a schema needs output_key, the field that holds it; or set n_as: "
        "records for a record with the schema's fields for each answer");
  }
  return Status();
}

bool Generate::gives_list() const { return n_as_ ? *n_as_ == "list" : n_ > 1; }

std::string Generate::answer_field() const {
  return output_key_.value_or(schema_.is_null() ? "answer" : "");
}

std::vector<prompt::AskingOperator::OutputField> Generate::output_fields() const {
  std::vector<OutputField> fields{{"output_key", answer_field()},
                                  {"output_thinking_key", output_thinking_key_}};
  if (gives_properties()) {
    for (const auto& [name, rules] : schema_["properties"].items()) {
      fields.push_back({"schema", name});
    }
  }
  return fields;
}

std::string Generate::problem_of(const ChatReply& reply, const std::string&) const {
  if (!reply.problem.empty()) return reply.problem;
  if (!schema_.is_null()) {
    const bool is_object = reply.structured && reply.structured->is_object();
    return is_object ? "" : "it holds no JSON object";
  }
  if (!prompt::trimmed(reply.text).empty()) return {};
  return prompt::trimmed(reply.reasoning).empty() ? "it is empty" : "nothing follows its thinking";
}

Task<Status> Generate::process(Record record, Output& out) {
  Status free = check_outputs(record);
  if (!free.ok()) co_return free;
  Result<std::vector<ChatMessage>> messages = chat_.render(record);
  if (!messages.ok()) co_return messages.status();
  Task<Result<std::vector<ChatReply>>> asking = ask(record, *messages, n_);
  Result<std::vector<ChatReply>> replies = co_await asking;
  if (!replies.ok()) co_return replies.status();
  clear_outputs(record);
  if (gives_list()) {
    store_list(*replies, record);
    co_return out.emit(std::move(record));
  }
  for (std::size_t i = 0; i < replies->size(); ++i) {
    const bool is_last = i + 1 == replies->size();
    Record one = is_last ? std::move(record) : Record(record);
    store_one((*replies)[i], one);
    Status emitted = out.emit(std::move(one));
    if (!emitted.ok()) co_return emitted;
  }
  co_return Status();
}

Json Generate::answer_of(const ChatReply& reply) const {
  return schema_.is_null() ? Json(prompt::trimmed(reply.text)) : *reply.structured;
}

void Generate::store_one(const ChatReply& reply, Record& record) const {
  const Json answer = answer_of(reply);
  if (gives_properties()) {
    for (const auto& [name, rules] : schema_["properties"].items()) {
      const auto value = answer.find(name);
      if (value != answer.end()) record[name] = *value;
    }
  }
  const std::string field = answer_field();
  if (!field.empty()) record[field] = answer;
  if (!output_thinking_key_.empty())
    record[output_thinking_key_] = prompt::trimmed(reply.reasoning);
  note_reply(context(), record, reply, chat_.digest());
}

void Generate::store_list(const std::vector<ChatReply>& replies, Record& record) const {
  Json answers = Json::array();
  Json thoughts = Json::array();
  for (const ChatReply& reply : replies) {
    answers.push_back(answer_of(reply));
    thoughts.push_back(prompt::trimmed(reply.reasoning));
    note_reply(context(), record, reply, chat_.digest());
  }
  record[answer_field()] = std::move(answers);
  if (!output_thinking_key_.empty()) record[output_thinking_key_] = std::move(thoughts);
}

}  // namespace rare::llm
