// Cuts a text into tokens as Lucene's StandardTokenizer and WhitespaceTokenizer do.
// Thread-safety: all functions are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rare::bm25 {

// Longer tokens are cut here, and the rest goes on as the next token (Lucene's default).
constexpr int kMaxTokenUtf16Units = 255;

struct TokenBounds {
  std::size_t begin;  // bytes
  std::size_t end;
  bool operator==(const TokenBounds&) const = default;
};

// cjk: a Han or Hiragana character, or a run of nothing but Katakana or Hangul (Lucene's types
// IDEOGRAPHIC, HIRAGANA, KATAKANA and HANGUL). word: any other token.
enum class TokenKind : std::uint8_t { none, word, cjk };

struct Word : TokenBounds {
  TokenKind kind;
};

// The first token that begins at byte `from` or later: the longest match of UAX #29's words (see
// generate_unicode_tables.py) within 255 UTF-16 units. Nothing when no token is left.
std::optional<Word> next_word(std::string_view text, std::size_t from);

// The next run of characters that are no white space; likewise cut at 255 units.
std::optional<TokenBounds> next_whitespace_token(std::string_view text, std::size_t from);

}  // namespace rare::bm25
