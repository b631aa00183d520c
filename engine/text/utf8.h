// UTF-8 as files and terminals need it checked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rare::engine {

// Bytes of the character that starts at `at`, or 0 when none does (Unicode 15, table 3-7).
inline std::size_t utf8_length(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return at < text.size() ? 1 : 0;
  if (first < 0xC2 || first > 0xF4 || !follows(1)) return 0;
  if (first < 0xE0) return 2;
  bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  bool no_character = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  if (overlong || no_character || !follows(2)) return 0;
  if (first < 0xF0) return 3;
  return follows(3) ? 4 : 0;
}

// The first byte that is not part of UTF-8 text or is a control character other than tab and line
// end, or npos.
inline std::size_t find_non_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = utf8_length(text, i);
    auto byte = static_cast<unsigned char>(text[i]);
    bool control = byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r');
    if (length == 0 || control) return i;
    i += length;
  }
  return std::string_view::npos;
}

// `text` as a terminal may be given it: what is no UTF-8 text and every control character (line
// ends and the C1 set included) as \xNN, byte by byte.
inline std::string printable(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    const auto first = static_cast<unsigned char>(text[i]);
    const bool is_c1 =
        length == 2 && first == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (length > 0 && first >= 0x20 && first != 0x7F && !is_c1) {
      result += text.substr(i, length);
      i += length;
      continue;
    }
    for (const std::size_t end = i + (is_c1 ? 2 : 1); i < end; ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return result;
}

// At most `most` bytes of `text` from its beginning, cut between characters. Of text that is not
// UTF-8 at the cut, as many or fewer.
inline std::string_view beginning_of(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

}  // namespace rare::engine
