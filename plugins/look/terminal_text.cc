#include "terminal_text.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace rare::look {
namespace {

constexpr UChar32 kJoiner = 0x200D;
constexpr std::size_t kTabColumns = 4;

UChar32 next_code_point(std::string_view text, std::size_t& at) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  UChar32 c = 0;
  U8_NEXT(bytes, at, text.size(), c);
  return c;
}

bool is_regional(UChar32 c) { return c >= 0x1F1E6 && c <= 0x1F1FF; }

bool is_drawn_onto(UChar32 c) {
  if (c == kJoiner || (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0x1F3FB && c <= 0x1F3FF)) return true;
  const auto mask = U_MASK(u_charType(c));
  return (mask & (U_GC_MN_MASK | U_GC_ME_MASK)) != 0;
}

bool is_told(UChar32 c) {
  if (c < 0) return true;
  const bool turns = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
                     c == 0x200F || c == 0x061C;
  const auto type = u_charType(c);
  return turns || type == U_CONTROL_CHAR || type == U_LINE_SEPARATOR ||
         type == U_PARAGRAPH_SEPARATOR || type == U_SURROGATE;
}

std::string telling(std::string_view bytes, UChar32 c) {
  if (c == '\t') return std::string(kTabColumns, ' ');
  if (c >= 0 && c < 0x20) return {'^', static_cast<char>(c + '@')};
  if (c == 0x7F) return "^?";
  char text[16];
  std::string told;
  if (c >= 0) {
    std::snprintf(text, sizeof text, "<%04X>", static_cast<unsigned>(c));
    return text;
  }
  for (const char byte : bytes) {
    std::snprintf(text, sizeof text, "<%02X>",
                  static_cast<unsigned>(static_cast<unsigned char>(byte)));
    told += text;
  }
  return told;
}

bool is_wide(UChar32 c) {
  const int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH;
}

}  // namespace

ShownCharacter character_at(std::string_view text, std::size_t at) {
  ShownCharacter shown;
  const std::size_t begin = at;
  UChar32 c = next_code_point(text, at);
  shown.end = at;
  shown.blank = c == ' ' || c == '\t' || c == 0x3000;
  if (is_told(c)) {
    shown.told = telling(text.substr(begin, at - begin), c);
    shown.columns = shown.told.size();
    return shown;
  }
  if (c >= 0x20 && c < 0x7F) {
    shown.columns = 1;
    if (at == text.size() || static_cast<unsigned char>(text[at]) < 0x80) return shown;
  } else {
    const bool nothing = is_drawn_onto(c) || u_charType(c) == U_FORMAT_CHAR;
    shown.columns = nothing ? 0 : is_wide(c) || is_regional(c) ? 2 : 1;
    shown.breaks_before = is_wide(c);
  }
  bool pair_open = is_regional(c), joined = false;
  while (at < text.size()) {
    std::size_t next = at;
    c = next_code_point(text, next);
    if (c < 0 || !(joined || is_drawn_onto(c) || (pair_open && is_regional(c)))) break;
    if (is_told(c)) break;
    // Asks for the picture where the character alone would be drawn as text.
    if (c == 0xFE0F) shown.columns = std::max<std::size_t>(shown.columns, 2);
    if (is_regional(c)) pair_open = false;
    joined = c == kJoiner;
    shown.end = at = next;
  }
  return shown;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const ShownCharacter shown = character_at(text, at);
    columns += shown.columns;
    at = shown.end;
  }
  return columns;
}

std::string_view fitting(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ShownCharacter shown = character_at(text, at);
    if (shown.columns > columns) break;
    columns -= shown.columns;
    at = shown.end;
  }
  return text.substr(0, at);
}

namespace {

// One paragraph, from `begin` to before `end`.
void break_paragraph(std::string_view text, TextRange paragraph, std::size_t columns,
                     std::vector<TextRange>& lines) {
  std::size_t line = paragraph.begin;             // where the line under way begins
  std::size_t word_end = line, next_word = line;  // the last place where it can be broken
  std::size_t used = 0, used_at_next_word = 0;
  for (std::size_t at = line; at < paragraph.end;) {
    const ShownCharacter shown = character_at(text.substr(0, paragraph.end), at);
    if (shown.breaks_before && at > line && next_word != at) {
      word_end = next_word = at;
      used_at_next_word = used;
    }
    if (used + shown.columns > columns && !shown.blank && at > line) {
      if (word_end > line) {
        lines.push_back({line, word_end});
        used -= used_at_next_word;
        line = next_word;
      } else {
        lines.push_back({line, at});
        used = 0;
        line = at;
      }
      word_end = next_word = line;
      used_at_next_word = 0;
      if (used + shown.columns > columns && at > line) continue;
    }
    used += shown.columns;
    if (shown.blank) {
      if (next_word != at) word_end = at;
      next_word = shown.end;
      used_at_next_word = used;
    }
    at = shown.end;
  }
  const std::size_t end = next_word == paragraph.end && word_end > line ? word_end : paragraph.end;
  lines.push_back({line, end});
}

}  // namespace

std::vector<TextRange> broken(std::string_view text, std::size_t columns) {
  if (columns == 0) columns = std::string::npos / 2;
  std::vector<TextRange> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::size_t next = end + 1;
    if (end > begin && text[end - 1] == '\r') --end;
    break_paragraph(text, {begin, end}, columns, lines);
    begin = next;
  }
  return lines;
}

std::string shown_text(std::string_view part) {
  std::string shown;
  for (std::size_t at = 0; at < part.size();) {
    const ShownCharacter character = character_at(part, at);
    shown +=
        character.told.empty() ? std::string(part.substr(at, character.end - at)) : character.told;
    at = character.end;
  }
  return shown;
}

}  // namespace rare::look
