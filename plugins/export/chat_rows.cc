#include "chat_rows.h"

#include <utility>

namespace rare::exports {
namespace {

Json flag_feature(const char* name) { return {{"name", name}, {"dtype", "bool"}}; }

// Rows are made piece by piece, since a list in braces copies each text that it is given.
Json said(const char* who, std::string text) {
  Json made = Json::object();
  made.emplace("from", who);
  made.emplace("value", std::move(text));
  return made;
}

Json message(const char* role, std::string content) {
  Json made = Json::object();
  made.emplace("content", std::move(content));
  made.emplace("role", role);
  return made;
}

Json list_of(Json one, Json other = Json()) {
  Json list = Json::array();
  list.push_back(std::move(one));
  if (!other.is_null()) list.push_back(std::move(other));
  return list;
}

// The rows that begin with the same columns.
class Rows {
 public:
  explicit Rows(JsonLine beginning) : beginning_(std::move(beginning)) {}

  // One more row, to which columns are added.
  JsonLine& next() { return rows_.emplace_back(beginning_); }
  // The only one.
  JsonLine& single() { return rows_.emplace_back(std::move(beginning_)); }
  std::vector<JsonLine> take() { return std::move(rows_); }

 private:
  JsonLine beginning_;
  std::vector<JsonLine> rows_;
};

JsonLine beginning(const char* name, Json value) {
  JsonLine line;
  line.emplace_back(name, std::move(value));
  return line;
}

}  // namespace

Status ChatRows::append(ChatExample example, std::string& lines) const {
  std::string document = std::move(example.document);
  std::vector<JsonLine> rows = is("messages")   ? message_rows(std::move(example))
                               : is("sharegpt") ? sharegpt_rows(std::move(example))
                                                : alpaca_rows(std::move(example));
  for (JsonLine& row : rows) {
    if (!is("messages") && !form_.system.empty()) row.emplace_back("system", form_.system);
    row.emplace_back(kDocumentColumn, document);
    if (Status appended = append_json_line(row, lines); !appended) return appended;
  }
  return Status();
}

Json ChatRows::prompt_messages(std::string prompt) const {
  Json messages = Json::array();
  if (!form_.system.empty()) messages.push_back(message("system", form_.system));
  messages.push_back(message("user", std::move(prompt)));
  return messages;
}

Json ChatRows::assistant_message(Completion completion) const {
  Json made = message("assistant", std::move(completion.text));
  if (!form_.thinking_key.empty()) {
    made.emplace(form_.thinking_key, std::move(completion.thinking));
  }
  return made;
}

std::vector<JsonLine> ChatRows::message_rows(ChatExample example) const {
  Json prompt = prompt_messages(std::move(example.prompt));
  if (form_.objective == "sft") {
    prompt.push_back(assistant_message(std::move(example.wanted)));
    Rows rows(beginning("messages", std::move(prompt)));
    rows.single();
    return rows.take();
  }
  const bool is_kto = form_.objective == "kto";
  Rows rows(beginning("prompt", std::move(prompt)));
  const Json wanted = list_of(assistant_message(std::move(example.wanted)));
  if (is_kto) {
    JsonLine& row = rows.next();
    row.emplace_back("completion", wanted);
    row.emplace_back("label", true);
  }
  for (Completion& unwanted : example.unwanted) {
    JsonLine& row = rows.next();
    if (!is_kto) row.emplace_back("chosen", wanted);
    row.emplace_back(is_kto ? "completion" : "rejected",
                     list_of(assistant_message(std::move(unwanted))));
    if (is_kto) row.emplace_back("label", false);
  }
  return rows.take();
}

std::vector<JsonLine> ChatRows::sharegpt_rows(ChatExample example) const {
  Json prompt = said("human", std::move(example.prompt));
  Json wanted = said("gpt", std::move(example.wanted.text));
  if (form_.objective == "sft") {
    Rows rows(beginning("conversations", list_of(std::move(prompt), std::move(wanted))));
    rows.single();
    return rows.take();
  }
  if (form_.objective == "dpo") {
    Rows rows(beginning("conversations", list_of(std::move(prompt))));
    for (Completion& unwanted : example.unwanted) {
      JsonLine& row = rows.next();
      row.emplace_back("chosen", wanted);
      row.emplace_back("rejected", said("gpt", std::move(unwanted.text)));
    }
    return rows.take();
  }
  Rows rows{JsonLine()};
  const auto add = [&](Json completion, bool is_wanted) {
    JsonLine& row = rows.next();
    row.emplace_back("conversations", list_of(prompt, std::move(completion)));
    row.emplace_back("kto_tag", is_wanted);
  };
  add(std::move(wanted), true);
  for (Completion& unwanted : example.unwanted) add(said("gpt", std::move(unwanted.text)), false);
  return rows.take();
}

std::vector<JsonLine> ChatRows::alpaca_rows(ChatExample example) const {
  JsonLine prompt = beginning("instruction", std::move(example.prompt));
  prompt.emplace_back("input", "");
  Rows rows(std::move(prompt));
  if (form_.objective == "sft") {
    rows.single().emplace_back("output", std::move(example.wanted.text));
    return rows.take();
  }
  const bool is_kto = form_.objective == "kto";
  if (is_kto) {
    JsonLine& row = rows.next();
    row.emplace_back("output", std::move(example.wanted.text));
    row.emplace_back("kto_tag", true);
  }
  for (Completion& unwanted : example.unwanted) {
    JsonLine& row = rows.next();
    if (!is_kto) row.emplace_back("chosen", example.wanted.text);
    row.emplace_back(is_kto ? "output" : "rejected", std::move(unwanted.text));
    if (is_kto) row.emplace_back("kto_tag", false);
  }
  return rows.take();
}

Json ChatRows::message_feature(const char* name) const {
  Json fields = Json::array();
  if (is("sharegpt")) {
    fields = {text_feature("from"), text_feature("value")};
  } else {
    fields = {text_feature("content"), text_feature("role")};
    if (!form_.thinking_key.empty()) fields.push_back(text_feature(form_.thinking_key));
  }
  return {{"name", name}, {"list", std::move(fields)}};
}

Json ChatRows::features() const {
  Json features = Json::array();
  const bool is_dpo = form_.objective == "dpo";
  const bool is_kto = form_.objective == "kto";
  if (is("messages")) {
    if (!is_dpo && !is_kto) features = Json::array({message_feature("messages")});
    if (is_dpo) {
      features = {message_feature("prompt"), message_feature("chosen"),
                  message_feature("rejected")};
    }
    if (is_kto) {
      features = {message_feature("prompt"), message_feature("completion"), flag_feature("label")};
    }
  } else if (is("sharegpt")) {
    features = Json::array({message_feature("conversations")});
    for (const char* name : {"chosen", "rejected"}) {
      if (!is_dpo) break;
      features.push_back(
          {{"name", name}, {"struct", Json{text_feature("from"), text_feature("value")}}});
    }
  } else {
    features = {text_feature("instruction"), text_feature("input")};
    if (!is_dpo) features.push_back(text_feature("output"));
    if (is_dpo) features.push_back(text_feature("chosen"));
    if (is_dpo) features.push_back(text_feature("rejected"));
  }
  if (!is("messages") && is_kto) features.push_back(flag_feature("kto_tag"));
  if (!is("messages") && !form_.system.empty()) features.push_back(text_feature("system"));
  features.push_back(text_feature(kDocumentColumn));
  return features;
}

Json ChatRows::trainer_entry(const std::string& file_name) const {
  Json columns = Json::object();
  Json entry{{"file_name", file_name}};
  if (is("messages")) {
    // Of a message it takes the content alone, and says nothing of the reasoning beside it.
    if (form_.objective != "sft" || !form_.thinking_key.empty()) return Json();
    entry["formatting"] = "sharegpt";
    columns["messages"] = "messages";
    entry["tags"] = {{"role_tag", "role"},
                     {"content_tag", "content"},
                     {"user_tag", "user"},
                     {"assistant_tag", "assistant"},
                     {"system_tag", "system"}};
  } else if (is("sharegpt")) {
    entry["formatting"] = "sharegpt";
    columns["messages"] = "conversations";
  } else {
    entry["formatting"] = "alpaca";
    columns = {{"prompt", "instruction"}, {"query", "input"}};
    if (form_.objective != "dpo") columns["response"] = "output";
  }
  if (!is("messages") && !form_.system.empty()) columns["system"] = "system";
  if (form_.objective == "kto") columns["kto_tag"] = "kto_tag";
  if (form_.objective == "dpo") {
    entry["ranking"] = true;
    columns["chosen"] = "chosen";
    columns["rejected"] = "rejected";
  }
  entry["columns"] = std::move(columns);
  return entry;
}

}  // namespace rare::exports
