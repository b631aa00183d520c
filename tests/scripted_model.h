// Replies for the tests of operators that ask a language model.
#pragma once

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "rare/testing/fake_language_model.h"
#include "rare/testing/harness.h"

namespace rare::testing::scripted {

inline ChatReply text_reply(std::string text, std::string reasoning = "") {
  ChatReply reply;
  reply.text = reply.raw = std::move(text);
  reply.reasoning = std::move(reasoning);
  reply.finish_reason = "stop";
  return reply;
}

inline ChatReply json_reply(Json answer) {
  ChatReply reply = text_reply(answer.dump());
  reply.structured = std::move(answer);
  return reply;
}

// A reply that the service itself found fault with.
inline ChatReply faulty_reply(std::string raw, std::string problem) {
  ChatReply reply = text_reply(std::move(raw));
  reply.problem = std::move(problem);
  return reply;
}

// An operator, opened, whose model gives the replies in turn and the last one from then on.
template <class Op>
class Bench {
 public:
  explicit Bench(std::vector<Result<ChatReply>> replies, Json values = Json::object(),
                 std::uint64_t seed = 0)
      : context("node", seed),
        model(context.resumer(), [this, replies = std::move(replies)](const ChatRequest&) {
          return replies.at(std::min<std::size_t>(asked_++, replies.size() - 1));
        }) {
    values["llm"] = "teacher";
    op = rare::testing::make<Op>(values, [this](const std::string&, std::string_view) -> void* {
      return static_cast<LanguageModel*>(&model);
    });
    opened = op->open(context);
  }
  rare::testing::Outcome run(Json fields, std::uint64_t ordinal = 0) {
    return rare::testing::run(*op, Record(std::move(fields), RecordId(0, nullptr, ordinal)));
  }
  // Of the request numbered `index`.
  std::string user_text(std::size_t index) const {
    return model.requests().at(index).messages.back().content;
  }

  rare::testing::TestContext context;
  rare::testing::FakeLanguageModel model;
  std::unique_ptr<Op> op;
  Status opened;

 private:
  std::atomic<std::size_t> asked_ = 0;
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace rare::testing::scripted
