#include "plugins/prompt/asking_operator.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

namespace rare::prompt {

namespace {

constexpr std::array<std::string_view, 6> kGenerationKeys = {"temperature", "top_p", "max_tokens",
                                                             "seed",        "stop",  "extra_body"};

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

struct AskingOperator::Asked {
  std::size_t sample;
  int attempt;
  Awaitable<Result<ChatReply>> reply;
};

struct AskingOperator::Asking {
  struct Refused {
    int attempt;
    std::string problem;
  };

  const Record& record;
  const std::vector<std::vector<ChatMessage>>& chats;
  Needed needed;
  std::deque<Asked> under_way = {};
  std::vector<std::optional<ChatReply>> usable = {};  // of each chat
  std::map<std::size_t, Refused> refused = {};        // that wait for the others of their round
  Status fault = {};      // of the service: there is nothing to be asked again
  Status exhausted = {};  // the first that stayed unusable
  bool any_usable = false;

  // Whether another request could still change what comes of it.
  bool goes_on() const { return fault.ok() && (needed != Needed::all || exhausted.ok()); }
};

Status AskingOperator::open(Context& context) {
  context_ = &context;
  if (llm_ == nullptr) {
    return configuration_error("llm must name a service that is a language model");
  }
  const Status generation = check_generation();
  if (!generation.ok()) return generation;
  const Status prompt = open_prompt();
  if (!prompt.ok()) return prompt;
  outputs_ = output_fields();
  std::erase_if(outputs_, [](const OutputField& field) { return field.name.empty(); });
  return check_distinct();
}

Status AskingOperator::check_generation() const {
  if (!generation_.is_object()) {
    return configuration_error("generation must be a map such as {temperature: 0.8}, not " +
                               std::string(generation_.type_name()));
  }
  for (const auto& [key, value] : generation_.items()) {
    if (std::find(kGenerationKeys.begin(), kGenerationKeys.end(), key) == kGenerationKeys.end()) {
      return configuration_error("generation has no key \"" + key +
                                 "\"; it takes temperature, top_p, max_tokens, seed, stop, and "
                                 "extra_body for what else the endpoint understands");
    }
  }
  return Status();
}

Status AskingOperator::check_distinct() const {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (outputs_[i].name != outputs_[j].name) continue;
      return configuration_error(outputs_[j].param + " and " + outputs_[i].param +
                                 " both write the field \"" + outputs_[i].name +
                                 "\"; give one of them another name");
    }
  }
  return Status();
}

Status AskingOperator::check_outputs(const Record& record) const {
  if (overwrite_) return Status();
  for (const OutputField& field : outputs_) {
    if (!record.has(field.name)) continue;
    return configuration_error("record " + record.id().described() + " already has the field \"" +
                               field.name + "\"; name another one in " + field.param +
                               ", or set overwrite: true to replace it");
  }
  return Status();
}

void AskingOperator::clear_outputs(Record& record) const {
  if (!overwrite_) return;
  for (const OutputField& field : outputs_) record.erase(field.name);
}

Task<Result<std::vector<ChatReply>>> AskingOperator::ask(const Record& record,
                                                         const std::vector<ChatMessage>& messages,
                                                         int answers) const {
  const std::vector<std::vector<ChatMessage>> chats(static_cast<std::size_t>(answers), messages);
  Task<Result<std::vector<ChatReply>>> asking = ask_chats(record, chats, Needed::all);
  Result<std::vector<ChatReply>> replies = co_await asking;
  co_return replies;
}

Task<Result<std::vector<ChatReply>>> AskingOperator::ask_chats(
    const Record& record, const std::vector<std::vector<ChatMessage>>& chats, Needed needed) const {
  Asking asking{record, chats, needed};
  asking.usable.resize(chats.size());
  for (std::size_t sample = 0; sample < chats.size(); ++sample) begin(asking, sample, 0, {});
  while (!asking.under_way.empty()) {
    Asked asked = std::move(asking.under_way.front());
    asking.under_way.pop_front();
    Result<ChatReply> reply = co_await asked.reply;
    take(asking, asked, std::move(reply));
    if (!asking.under_way.empty() || asking.any_usable) continue;
    const std::map<std::size_t, Asking::Refused> round = std::exchange(asking.refused, {});
    for (const auto& [sample, refused] : round) {
      if (asking.goes_on()) begin(asking, sample, refused.attempt + 1, refused.problem);
    }
  }
  if (!asking.fault.ok()) co_return asking.fault;
  const bool enough = needed == Needed::all ? asking.exhausted.ok() : asking.any_usable;
  if (!enough) co_return asking.exhausted;
  std::vector<ChatReply> replies;
  for (std::optional<ChatReply>& reply : asking.usable) {
    if (reply) replies.push_back(std::move(*reply));
  }
  co_return replies;
}

void AskingOperator::take(Asking& asking, const Asked& asked, Result<ChatReply> reply) const {
  if (!reply.ok()) {
    const Status error = reply.status();
    if (asking.fault.ok() || error.fault() == Fault::run) asking.fault = error;
    return;
  }
  if (!asking.goes_on()) return;
  const std::string problem =
      problem_for(asking.record, *reply, asking.chats[asked.sample].back().content);
  if (!problem.empty()) return refuse(asking, asked, *reply, problem);
  asking.usable[asked.sample] = std::move(*reply);
  asking.any_usable = true;
}

void AskingOperator::refuse(Asking& asking, const Asked& asked, const ChatReply& reply,
                            const std::string& problem) const {
  if (asked.attempt + 1 >= max_attempts_) {
    if (asking.needed == Needed::all || !asking.any_usable) {
      asking.exhausted = exhausted(reply, problem, asking.chats.size(), asked.sample);
    }
  } else if (asking.needed == Needed::any_round) {
    asking.refused[asked.sample] = {asked.attempt, problem};
  } else {
    begin(asking, asked.sample, asked.attempt + 1, problem);
  }
}

void AskingOperator::begin(Asking& asking, std::size_t sample, int attempt,
                           const std::string& problem) const {
  ChatRequest request(asking.record);
  request.messages = asking.chats[sample];
  if (!problem.empty()) {
    // Before the prompt and not after it: a model that only continues text must find the prompt's
    // own end last.
    std::string& prompt = request.messages.back().content;
    prompt = "Note: an earlier reply was refused, because " + problem +
             ". Do better this time.\n\n" + prompt;
  }
  request.generation = generation_;
  const auto seed = request.generation.find("seed");
  if (seed != request.generation.end() && seed->is_number_integer()) {
    // One of its own for each request about the record: equal ones would give equal replies.
    const auto chats = static_cast<std::int64_t>(asking.chats.size());
    const std::int64_t asked_before =
        (std::int64_t{asking.record.round()} * max_attempts_ + attempt) * chats +
        static_cast<std::int64_t>(sample);
    *seed = seed->get<std::int64_t>() + asked_before;
  }
  request.schema = schema_for(asking.record);
  request.attempt = attempt;
  request.sample = static_cast<int>(sample);
  asking.under_way.push_back({sample, attempt, llm_->chat(std::move(request))});
}

Status AskingOperator::exhausted(const ChatReply& reply, const std::string& problem,
                                 std::size_t answers, std::size_t sample) const {
  std::string message = "no usable reply in " + std::to_string(max_attempts_) +
                        (max_attempts_ == 1 ? " attempt" : " attempts");
  if (answers > 1) {
    message += " for answer " + std::to_string(sample + 1) + " of " + std::to_string(answers);
  }
  return record_error(message + "; the last one: " + problem)
      .with_raw(reply.raw.empty() ? reply.text : reply.raw)
      .with_attempts(max_attempts_);
}

Status AskingOperator::record_error(const std::string& message) const {
  return Status(StatusCode::invalid_data, context_->name() + ": " + message);
}

Status AskingOperator::configuration_error(const std::string& message) const {
  return Status::run_fault(StatusCode::invalid_argument, context_->name() + ": " + message);
}

}  // namespace rare::prompt
