#include "plugins/llm/json_text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "plugins/json/escaped_bytes.h"

namespace rare::llm {
namespace {

// Whether a string has the character as it is: ASCII but for quote, backslash and what is below the
// space.
constexpr bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

// The same of eight bytes at once.
constexpr bool all_plain(std::uint64_t eight) {
  return (eight & 0x8080808080808080) == 0 && !json::any_escaped(eight);
}

std::size_t plain_prefix(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if (!all_plain(eight)) break;
  }
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

std::string dump_whole(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// False when there is a character that is left to Json::dump; `out` is then as it was.
bool append_text(std::string_view text, std::string& out) {
  const std::size_t before = out.size();
  out += '"';
  while (true) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.data(), plain);
    if (plain == text.size()) break;
    switch (text[plain]) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        out.resize(before);
        return false;
    }
    text.remove_prefix(plain + 1);
  }
  out += '"';
  return true;
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  if (!append_text(text, out)) out += dump_whole(text);
}

void append_json(const Json& value, std::string& out) {
  if (value.is_object()) {
    char separator = '{';
    for (const auto& [name, member] : value.items()) {
      out += separator;
      separator = ',';
      append_json_string(name, out);
      out += ':';
      append_json(member, out);
    }
    out += value.empty() ? "{}" : "}";
  } else if (value.is_array()) {
    char separator = '[';
    for (const Json& item : value) {
      out += separator;
      separator = ',';
      append_json(item, out);
    }
    out += value.empty() ? "[]" : "]";
  } else if (value.is_string()) {
    append_json_string(value.get_ref<const std::string&>(), out);
  } else {
    out += dump_whole(value);
  }
}

void append_messages(const std::vector<ChatMessage>& messages, std::string_view more,
                     std::string& out) {
  out += '[';
  for (const ChatMessage& message : messages) {
    if (out.back() != '[') out += ',';
    out += "{\"content\":";
    const bool has_more = !more.empty() && &message == &messages.back();
    append_json_string(has_more ? message.content + std::string(more) : message.content, out);
    out += ",\"role\":";
    append_json_string(message.role, out);
    out += '}';
  }
  out += ']';
}

std::string dump_json(const Json& value) {
  std::string text;
  append_json(value, text);
  return text;
}

}  // namespace rare::llm
