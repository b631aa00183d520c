#include "exec_message.h"

#include <algorithm>
#include <utility>

namespace rare::basic {
namespace {

constexpr const char* kAnswerNames[] = {"record", "records", "fields", "filter", "error"};

Status wrong(const std::string& what) {
  return Status(StatusCode::invalid_data, "the program's answer: " + what);
}

std::string kind_of(const Json& value) {
  return value.is_null() ? "null" : std::string(value.type_name());
}

Result<ExecAnswer> whole_records(Json list) {
  ExecAnswer answer;
  for (Json& record : list) {
    if (!record.is_object()) {
      return wrong("expected objects as records, got " + kind_of(record));
    }
    answer.records.push_back(std::move(record));
  }
  return answer;
}

Result<ExecAnswer> text_answer(const std::string& name, const Json& value) {
  if (!value.is_string()) return wrong("`" + name + "`: expected a text, got " + kind_of(value));
  if (name == "error") {
    return Status(StatusCode::invalid_data, "the program says: " + value.get<std::string>());
  }
  ExecAnswer answer;
  answer.kind = ExecAnswer::Kind::filter;
  answer.reason = value.get<std::string>();
  return answer;
}

Result<ExecAnswer> answer_of(Json& object) {
  std::string found, all;
  for (const auto& [name, value] : object.items()) {
    all += (all.empty() ? "`" : ", `") + name + "`";
    const bool is_answer =
        std::find(std::begin(kAnswerNames), std::end(kAnswerNames), name) != std::end(kAnswerNames);
    if (!is_answer) continue;
    if (!found.empty()) {
      return wrong("expected only one of `" + found + "` and `" + name + "`, got both");
    }
    found = name;
  }
  if (found.empty()) {
    return wrong("expected one of `record`, `records`, `fields`, `filter` and `error`, got only " +
                 all);
  }
  Json& value = object[found];
  if (found == "filter" || found == "error") return text_answer(found, value);
  if (found == "records") {
    if (!value.is_array()) return wrong("`records`: expected a list, got " + kind_of(value));
    return whole_records(std::move(value));
  }
  if (!value.is_object()) {
    return wrong("`" + found + "`: expected an object, got " + kind_of(value));
  }
  ExecAnswer answer;
  if (found == "record") {
    answer.records.push_back(std::move(value));
  } else {
    answer.kind = ExecAnswer::Kind::fields;
    answer.fields = std::move(value);
  }
  return answer;
}

}  // namespace

void append_question(std::uint64_t id, std::string_view record, std::string& line) {
  line += "{\"id\":";
  line += std::to_string(id);
  line += ",\"record\":";
  line += record;
  line += '}';
}

std::optional<std::vector<ExecReply>> parse_replies(std::string_view line) {
  Json parsed = Json::parse(line, nullptr, false);
  if (parsed.is_object()) parsed = Json::array({std::move(parsed)});
  if (!parsed.is_array() || parsed.empty()) return std::nullopt;
  std::vector<ExecReply> replies;
  for (Json& one : parsed) {
    const auto id = one.is_object() ? one.find("id") : one.end();
    if (id == one.end() || !id->is_number_unsigned()) return std::nullopt;
    replies.push_back({id->get<std::uint64_t>(), answer_of(one)});
  }
  return replies;
}

}  // namespace rare::basic
