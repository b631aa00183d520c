#include "row_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "json_element.h"
#include "plugins/json/escaped_bytes.h"

namespace rare::files {
namespace {

// Names go into messages, which are written as JSON themselves.
std::string shown(const std::string& name) {
  return Json(name).dump(-1, ' ', true, Json::error_handler_t::replace);
}

constexpr std::array<bool, 256> bytes_to_escape() {
  std::array<bool, 256> escaped{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) escaped[byte] = true;
  escaped['"'] = escaped['\\'] = true;
  return escaped;
}
constexpr std::array<bool, 256> kEscaped = bytes_to_escape();

void append_escaped(std::string& row, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      row += "\\\"";
      return;
    case '\\':
      row += "\\\\";
      return;
    case '\b':
      row += "\\b";
      return;
    case '\f':
      row += "\\f";
      return;
    case '\n':
      row += "\\n";
      return;
    case '\r':
      row += "\\r";
      return;
    case '\t':
      row += "\\t";
      return;
    default:
      row += "\\u00";
      row += kHex[static_cast<unsigned char>(c) >> 4];
      row += kHex[static_cast<unsigned char>(c) & 15];
  }
}

// Eight bytes at a time, as nearly all texts have few such bytes.
std::size_t first_to_escape(std::string_view text, std::size_t from) {
  for (; from + sizeof(std::uint64_t) <= text.size(); from += sizeof(std::uint64_t)) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data() + from, sizeof bytes);
    if (json::any_escaped(bytes)) break;
  }
  while (from < text.size() && !kEscaped[static_cast<unsigned char>(text[from])]) ++from;
  return from;
}

// REQUIRES: `text` is UTF-8.
void append_string(std::string& row, const std::string& text) {
  row += '"';
  std::size_t copied = 0;
  for (std::size_t i = first_to_escape(text, 0); i < text.size();
       i = first_to_escape(text, i + 1)) {
    row.append(text, copied, i - copied);
    append_escaped(row, text[i]);
    copied = i + 1;
  }
  row.append(text, copied);
  row += '"';
}

template <class Integer>
void append_integer(std::string& row, Integer number) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, number);
  row.append(digits, end.ptr);
}

Status append_name(std::string& row, const std::string& name) {
  if (first_invalid_utf8(name) != name.size()) {
    return wrong_field(name, "a name in UTF-8", "other bytes").with_raw(name);
  }
  append_string(row, name);
  row += ':';
  return Status();
}

Status append_value(std::string& row, const std::string& field, const Json& value);

Status append_text(std::string& row, const std::string& field, const std::string& text) {
  Status checked = check_text(field, text);
  if (checked) append_string(row, text);
  return checked;
}

Status append_array(std::string& row, const std::string& field, const Json& array) {
  char before = '[';
  for (const Json& item : array) {
    row += before;
    before = ',';
    Status appended = append_value(row, field, item);
    if (!appended) return appended;
  }
  row += array.empty() ? "[]" : "]";
  return Status();
}

Status append_object(std::string& row, const std::string& field, const Json& object) {
  char before = '{';
  for (auto at = object.begin(); at != object.end(); ++at) {
    row += before;
    before = ',';
    Status appended = append_name(row, at.key());
    if (appended) appended = append_value(row, field, at.value());
    if (!appended) return appended;
  }
  row += object.empty() ? "{}" : "}";
  return Status();
}

Status append_value(std::string& row, const std::string& field, const Json& value) {
  switch (value.type()) {
    case Json::value_t::string:
      return append_text(row, field, value.get_ref<const std::string&>());
    case Json::value_t::number_integer:
      append_integer(row, value.get_ref<const std::int64_t&>());
      return Status();
    case Json::value_t::number_unsigned:
      append_integer(row, value.get_ref<const std::uint64_t&>());
      return Status();
    case Json::value_t::number_float:
      if (!std::isfinite(value.get<double>())) {
        return wrong_field(field, "a finite number", "infinity or not-a-number");
      }
      row += value.dump();
      return Status();
    case Json::value_t::array:
      return append_array(row, field, value);
    case Json::value_t::object:
      return append_object(row, field, value);
    case Json::value_t::boolean:
      row += value.get<bool>() ? "true" : "false";
      return Status();
    case Json::value_t::null:
      row += "null";
      return Status();
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return wrong_field(field, "a JSON value", "binary data");
}

}  // namespace

Status check_text(const std::string& name, const std::string& text) {
  const std::size_t at = first_invalid_utf8(text);
  if (at == text.size()) return Status();
  return wrong_field(name, "UTF-8 text", "something else at byte " + std::to_string(at))
      .with_raw(text);
}

Status append_json(std::string& row, const std::string& name, const Json& value) {
  return append_value(row, name, value);
}

Status wrong_field(const std::string& name, const std::string& expected, const std::string& came) {
  return Status(StatusCode::invalid_data,
                "field " + shown(name) + ": expected " + expected + ", came " + came);
}

Status append_field(std::string& row, const std::string& name, const Json& value) {
  Status appended = append_name(row, name);
  if (appended) appended = append_json(row, name, value);
  return appended;
}

}  // namespace rare::files
