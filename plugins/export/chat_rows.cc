#include "chat_rows.h"

#include <utility>

namespace rare::exports {
namespace {

Json flag_feature(const char* name) { return {{"name", name}, {"dtype", "bool"}}; }

Json said(const char* who, const std::string& text) { return {{"from", who}, {"value", text}}; }

}  // namespace

Status ChatRows::append(const ChatExample& example, std::string& lines) const {
  std::vector<JsonLine> rows = is("messages")   ? message_rows(example)
                               : is("sharegpt") ? sharegpt_rows(example)
                                                : alpaca_rows(example);
  for (JsonLine& row : rows) {
    if (!is("messages") && !form_.system.empty()) row.emplace_back("system", form_.system);
    row.emplace_back(kDocumentColumn, example.document);
    if (Status appended = append_json_line(row, lines); !appended) return appended;
  }
  return Status();
}

Json ChatRows::prompt_messages(const std::string& prompt) const {
  Json messages = Json::array();
  if (!form_.system.empty()) messages.push_back({{"role", "system"}, {"content", form_.system}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  return messages;
}

Json ChatRows::assistant_message(const Completion& completion) const {
  Json message{{"role", "assistant"}, {"content", completion.text}};
  if (!form_.thinking_key.empty()) message[form_.thinking_key] = completion.thinking;
  return message;
}

std::vector<JsonLine> ChatRows::message_rows(const ChatExample& example) const {
  Json prompt = prompt_messages(example.prompt);
  if (form_.objective == "sft") {
    prompt.push_back(assistant_message(example.wanted));
    return {JsonLine{{"messages", std::move(prompt)}}};
  }
  const Json wanted = Json::array({assistant_message(example.wanted)});
  std::vector<JsonLine> rows;
  if (form_.objective == "kto") {
    rows.push_back({{"prompt", prompt}, {"completion", wanted}, {"label", true}});
  }
  for (const Completion& unwanted : example.unwanted) {
    Json other = Json::array({assistant_message(unwanted)});
    if (form_.objective == "kto") {
      rows.push_back({{"prompt", prompt}, {"completion", std::move(other)}, {"label", false}});
    } else {
      rows.push_back({{"prompt", prompt}, {"chosen", wanted}, {"rejected", std::move(other)}});
    }
  }
  return rows;
}

std::vector<JsonLine> ChatRows::sharegpt_rows(const ChatExample& example) const {
  const Json prompt = said("human", example.prompt);
  const Json wanted = said("gpt", example.wanted.text);
  if (form_.objective == "sft") {
    return {JsonLine{{"conversations", Json::array({prompt, wanted})}}};
  }
  std::vector<JsonLine> rows;
  if (form_.objective == "kto") {
    rows.push_back({{"conversations", Json::array({prompt, wanted})}, {"kto_tag", true}});
  }
  for (const Completion& unwanted : example.unwanted) {
    Json other = said("gpt", unwanted.text);
    if (form_.objective == "kto") {
      rows.push_back(
          {{"conversations", Json::array({prompt, std::move(other)})}, {"kto_tag", false}});
    } else {
      rows.push_back({{"conversations", Json::array({prompt})},
                      {"chosen", wanted},
                      {"rejected", std::move(other)}});
    }
  }
  return rows;
}

std::vector<JsonLine> ChatRows::alpaca_rows(const ChatExample& example) const {
  const JsonLine prompt{{"instruction", example.prompt}, {"input", ""}};
  const auto with = [&prompt](const JsonLine& more) {
    JsonLine row = prompt;
    row.insert(row.end(), more.begin(), more.end());
    return row;
  };
  if (form_.objective == "sft") return {with({{"output", example.wanted.text}})};
  std::vector<JsonLine> rows;
  if (form_.objective == "kto") {
    rows.push_back(with({{"output", example.wanted.text}, {"kto_tag", true}}));
  }
  for (const Completion& unwanted : example.unwanted) {
    rows.push_back(form_.objective == "kto"
                       ? with({{"output", unwanted.text}, {"kto_tag", false}})
                       : with({{"chosen", example.wanted.text}, {"rejected", unwanted.text}}));
  }
  return rows;
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
