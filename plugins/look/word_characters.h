// Of which characters words are, for all that counts, compares or marks them.
#pragma once

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace rare::look {

// Words of fewer letters are neither compared nor marked.
inline constexpr std::size_t kLeastWordLetters = 3;

// Letters, digits and what is written upon them.
inline bool is_of_a_word(UChar32 c) {
  return c >= 0 && (U_MASK(u_charType(c)) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK)) != 0;
}

// Ideographs, Hiragana and Katakana: pairs of neighbours stand for words.
inline bool has_no_spaces_around(UChar32 c) {
  return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

// Writes a character to `to`, which has room for it: how many bytes it takes.
inline std::size_t write_utf8(char* to, UChar32 c) {
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(to, length, c);
  return static_cast<std::size_t>(length);
}

// REQUIRES: is_of_a_word(c).
inline std::size_t write_folded(char* to, UChar32 c) {
  return write_utf8(to, u_foldCase(c, U_FOLD_CASE_DEFAULT));
}

inline void append_folded(std::string& to, UChar32 c) {
  std::array<char, U8_MAX_LENGTH> bytes{};
  to.append(bytes.data(), write_folded(bytes.data(), c));
}

}  // namespace rare::look
