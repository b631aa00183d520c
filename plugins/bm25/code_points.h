// Code points: reading them from UTF-8, and what the analyzers need to know of each.
// Thread-safety: all functions are pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rare::bm25 {

constexpr char32_t kReplacementCharacter = 0xFFFD;

struct DecodedCodePoint {
  char32_t code_point;
  std::size_t bytes;  // read, 1 or more
};

// The code point at text[at]. Bytes that are not UTF-8 read as U+FFFD, one for each maximal part of
// a sequence (Unicode 15, 3.9, table 3-11), as Java's decoder does but for surrogates. REQUIRES: at
// < text.size().
DecodedCodePoint decode_utf8(std::string_view text, std::size_t at);

// REQUIRES: a Unicode scalar value.
void append_utf8(char32_t code_point, std::string& text);

// A whole text, by decode_utf8() and append_utf8().
std::u32string code_points_of(std::string_view text);
std::string utf8_of(std::u32string_view code_points);

// UTF-16 units of a code point: 1 or 2.
constexpr int utf16_units(char32_t code_point) { return code_point >= 0x10000 ? 2 : 1; }

// Simple lower case: one code point to one, without context or locale.
char32_t to_lower(char32_t code_point);

// The column of kWordBreakNext.
std::uint8_t word_break_class(char32_t code_point);

// White space, control, format or punctuation (general categories Z, Cc, Cf, P).
bool is_ignorable(char32_t code_point);

// An ASCII character as to_lower() has it, or 0 where is_ignorable().
constexpr char folded_ascii(char character) {
  if (character >= 'A' && character <= 'Z') return static_cast<char>(character + ('a' - 'A'));
  constexpr std::string_view kSymbols = "$+<=>^`|~";
  const bool is_kept = (character >= 'a' && character <= 'z') ||
                       (character >= '0' && character <= '9') ||
                       kSymbols.find(character) != std::string_view::npos;
  return is_kept ? character : '\0';
}
// The same, looked up: for the many texts that are compared.
inline constexpr auto kFoldedAscii = [] {
  std::array<char, 128> folded{};
  for (int i = 0; i < 128; ++i) {
    folded[static_cast<std::size_t>(i)] = folded_ascii(static_cast<char>(i));
  }
  return folded;
}();

// A character of Chinese, Japanese or Korean writing that stands for a word or syllable: the blocks
// of CJK unified and compatibility ideographs.
constexpr bool is_han(char32_t code_point) {
  return (code_point >= 0x3400 && code_point <= 0x4DBF) ||
         (code_point >= 0x4E00 && code_point <= 0x9FFF) ||
         (code_point >= 0xF900 && code_point <= 0xFAFF) ||
         (code_point >= 0x20000 && code_point <= 0x3FFFF);
}

// What Java's Character.isWhitespace says: white space but for the no-break spaces.
bool is_java_whitespace(char32_t code_point);

}  // namespace rare::bm25
