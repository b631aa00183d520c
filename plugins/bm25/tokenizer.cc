#include "plugins/bm25/tokenizer.h"

#include "plugins/bm25/code_points.h"
#include "plugins/bm25/unicode_tables.h"

namespace rare::bm25 {
namespace {

// The longest token at `begin`; of kind `none` where no token begins.
Word longest_match(std::string_view text, std::size_t begin) {
  std::size_t state = 0;
  std::size_t at = begin;
  Word matched = {{begin, begin}, TokenKind::none};
  int units = 0;
  while (at < text.size()) {
    const DecodedCodePoint next = decode_utf8(text, at);
    units += utf16_units(next.code_point);
    if (units > kMaxTokenUtf16Units) break;
    state = kWordBreakNext[state][word_break_class(next.code_point)];
    if (state == kWordBreakDeadState) break;
    at += next.bytes;
    if (kWordBreakKind[state] != 0) {
      matched.end = at;
      matched.kind = static_cast<TokenKind>(kWordBreakKind[state]);
    }
  }
  return matched;
}

}  // namespace

std::optional<Word> next_word(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const Word word = longest_match(text, from);
    if (word.kind != TokenKind::none) return word;
    from += decode_utf8(text, from).bytes;
  }
  return std::nullopt;
}

std::optional<TokenBounds> next_whitespace_token(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const DecodedCodePoint next = decode_utf8(text, from);
    if (!is_java_whitespace(next.code_point)) break;
    from += next.bytes;
  }
  std::size_t at = from;
  int units = 0;
  // A pair of surrogates is never parted: it may end at unit 256, as in Lucene.
  while (at < text.size() && units < kMaxTokenUtf16Units) {
    const DecodedCodePoint next = decode_utf8(text, at);
    if (is_java_whitespace(next.code_point)) break;
    units += utf16_units(next.code_point);
    at += next.bytes;
  }
  if (at == from) return std::nullopt;
  return TokenBounds{from, at};
}

}  // namespace rare::bm25
