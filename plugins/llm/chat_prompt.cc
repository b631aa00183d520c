#include "plugins/llm/chat_prompt.h"

#include <utility>

#include "plugins/digest/sha256.h"
#include "plugins/prompt/asking_operator.h"

namespace rare::llm {
namespace {

Status prompt_fault(const std::string& message) {
  return Status::run_fault(StatusCode::invalid_argument, message);
}

}  // namespace

Result<ChatPrompt> ChatPrompt::of_question(const std::string& node, const std::string& system,
                                           const std::string& prompt) {
  ChatPrompt made;
  Status status;
  if (!prompt::trimmed(system).empty()) {
    status = made.add(node + ": system", "system", std::string(prompt::trimmed(system)));
  }
  if (status.ok()) status = made.add(node + ": prompt", "user", prompt);
  if (!status.ok()) return status;
  made.close();
  return made;
}

Result<ChatPrompt> ChatPrompt::of_turns(const std::string& node, const std::string& system,
                                        const Json& messages) {
  const std::string name = node + ": messages";
  if (!messages.is_array() || messages.empty()) {
    return prompt_fault(name + " must be a list of turns such as {role: user, content: ...}, not " +
                        (messages.is_array() ? "an empty one" : messages.type_name()));
  }
  ChatPrompt made;
  Status status;
  if (!prompt::trimmed(system).empty()) {
    status = made.add(node + ": system", "system", std::string(prompt::trimmed(system)));
  }
  for (std::size_t i = 0; i < messages.size() && status.ok(); ++i) {
    status = made.add_message(name + ", item " + std::to_string(i + 1), messages[i]);
  }
  if (!status.ok()) return status;
  if (made.turns_.back().role != "user") {
    return prompt_fault(name + " must end with a turn of the role user, which is answered, not " +
                        made.turns_.back().role);
  }
  made.close();
  return made;
}

Status ChatPrompt::add_message(const std::string& what, const Json& message) {
  if (!message.is_object()) {
    return prompt_fault(what + " must be a map of role and content, not " + message.type_name());
  }
  for (const auto& [key, value] : message.items()) {
    if (key != "role" && key != "content") {
      return prompt_fault(what + " has the key \"" + key + "\"; expected role and content");
    }
    if (!value.is_string()) {
      return prompt_fault(what + ": " + key + " must be text, not " + value.type_name());
    }
  }
  for (const char* key : {"role", "content"}) {
    if (!message.contains(key)) return prompt_fault(what + " has no " + key);
  }
  const std::string role = message["role"];
  if (role != "system" && role != "user" && role != "assistant") {
    return prompt_fault(what + " has the role \"" + role +
                        "\"; expected system, user or assistant");
  }
  if (role == "system" && !turns_.empty()) {
    return prompt_fault(what +
                        " is a second system message or comes after another turn; give one, "
                        "as the first item or in system");
  }
  return add(what, role, message["content"]);
}

Status ChatPrompt::add(const std::string& what, const std::string& role,
                       const std::string& content) {
  if (prompt::trimmed(content).empty()) return prompt_fault(what + " is empty");
  auto parsed = prompt::PromptTemplate::parse(what, content);
  if (!parsed.ok()) return parsed.status();
  turns_.push_back({role, std::move(*parsed)});
  text_ += role + '\n' + content + '\n';
  return Status();
}

void ChatPrompt::close() { digest_ = digest::sha256_hex(std::exchange(text_, {})); }

Result<std::vector<ChatMessage>> ChatPrompt::render(const Record& record) const {
  std::vector<ChatMessage> messages;
  for (const Turn& turn : turns_) {
    Result<std::string> content = turn.content.render(Json::object(), record.fields());
    if (!content.ok()) return content.status();
    messages.emplace_back(turn.role, std::move(*content));
  }
  return messages;
}

}  // namespace rare::llm
