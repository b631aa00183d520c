#include "plugins/llm/json_text.h"

#include <algorithm>
#include <string_view>

namespace rare::llm {
namespace {

// Whether a string has the character as it is: ASCII but for quote, backslash and what is below the
// space.
constexpr bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

std::string dump_whole(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// False when there is a character that is left to Json::dump; `out` is then as it was.
bool append_text(std::string_view text, std::string& out) {
  const std::size_t before = out.size();
  out += '"';
  while (true) {
    const auto special = std::find_if_not(text.begin(), text.end(), is_plain);
    const auto plain = static_cast<std::size_t>(special - text.begin());
    out.append(text.data(), plain);
    if (special == text.end()) break;
    switch (*special) {
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

void append(const Json& value, std::string& out) {
  if (value.is_object()) {
    char separator = '{';
    for (const auto& [name, member] : value.items()) {
      out += separator;
      separator = ',';
      if (!append_text(name, out)) out += dump_whole(name);
      out += ':';
      append(member, out);
    }
    out += value.empty() ? "{}" : "}";
  } else if (value.is_array()) {
    char separator = '[';
    for (const Json& item : value) {
      out += separator;
      separator = ',';
      append(item, out);
    }
    out += value.empty() ? "[]" : "]";
  } else if (!value.is_string() || !append_text(value.get_ref<const std::string&>(), out)) {
    out += dump_whole(value);
  }
}

}  // namespace

std::string dump_json(const Json& value) {
  std::string text;
  append(value, text);
  return text;
}

}  // namespace rare::llm
