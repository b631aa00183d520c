// LanguageModel: the interface of services that answer chats.
//
// Request and reply are classes with constructors, so that they are safe in expressions that await
// (see task.h). Thread-safety: chat() may be called from any thread; the types are values.
// Ownership: the interface belongs to its service, which lives longer than every operator; request
// and reply belong to whoever holds them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/json.h"
#include "rare/record.h"
#include "rare/status.h"
#include "rare/task.h"

namespace rare {

class ChatMessage {
 public:
  ChatMessage(std::string role, std::string content)
      : role(std::move(role)), content(std::move(content)) {}
  std::string role;  // system, user, assistant
  std::string content;
};

class ChatRequest {
 public:
  ChatRequest() {}
  explicit ChatRequest(std::vector<ChatMessage> m) : messages(std::move(m)) {}
  // About a record: with what the service needs to know of it.
  explicit ChatRequest(const Record& record)
      : round(record.round()), ordinal(record.id().ordinal()) {}

  std::vector<ChatMessage> messages;
  // {temperature, top_p, max_tokens, seed, stop, extra_body}; fields of the service's own
  // `generation` fill what is missing here.
  Json generation = Json::object();
  // JSON Schema that the answer must satisfy; null: plain text. The service asks the endpoint for
  // it, parses the answer and validates it: see ChatReply::structured and problem.
  Json schema;
  std::string schema_name = "answer";
  // 0 for the first ask for a record, 1 for the second, ...: part of what identifies a reply, so
  // that asking again is never answered from the store with the reply that was refused.
  int attempt = 0;
  // Record::round(): a retry is never answered with a reply that led to a dead letter.
  int round = 0;
  // Which of several answers to the same question is wanted.
  int sample = 0;
  // Of the record asked for; older records go first.
  std::uint64_t ordinal = 0;
};

class ChatReply {
 public:
  ChatReply() {}
  std::string text;           // the answer, reasoning split off
  std::string reasoning;      // what the endpoint or <think>...</think> gave apart; may be empty
  std::string raw;            // the whole reply as it came (the message's content)
  std::string finish_reason;  // stop, length, ...
  std::string model;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::string key;          // under which the reply store keeps it; see note_reply()
  bool from_store = false;  // answered without asking the endpoint
  // With a schema: the validated answer, or why there is none. Without one: problem is set for a
  // reply that was cut off or is empty. Show it to the model when asking again.
  std::optional<Json> structured;
  std::string problem;
};

class LanguageModel {
 public:
  static constexpr std::string_view kInterface = "rare.LanguageModel/1";
  virtual ~LanguageModel() = default;
  // Transport errors are retried inside; what comes back as an error has used up its retries.
  virtual Awaitable<Result<ChatReply>> chat(ChatRequest request) = 0;
};

}  // namespace rare
