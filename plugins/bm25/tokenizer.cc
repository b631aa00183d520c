#include "plugins/bm25/tokenizer.h"

#include <array>

#include "plugins/bm25/code_points.h"
#include "plugins/bm25/unicode_tables.h"

namespace rare::bm25 {
namespace {

using AsciiClasses = std::array<std::uint8_t, 128>;

// word_break_class() of ASCII, which is most of most texts.
const AsciiClasses& ascii_classes() {
  static const AsciiClasses classes = [] {
    AsciiClasses made{};
    for (std::size_t c = 0; c < made.size(); ++c) {
      made[c] = word_break_class(static_cast<char32_t>(c));
    }
    return made;
  }();
  return classes;
}

// The longest token at `begin`; of kind `none` where no token begins.
Word longest_match(std::string_view text, std::size_t begin) {
  std::size_t state = 0;
  std::size_t at = begin;
  std::size_t end = begin;
  std::size_t end_state = 0;  // accepts nothing
  int units = 0;
  const AsciiClasses& of_ascii = ascii_classes();
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const bool ascii = lead < of_ascii.size();
    const DecodedCodePoint next = ascii ? DecodedCodePoint{lead, 1} : decode_utf8(text, at);
    units += utf16_units(next.code_point);
    if (units > kMaxTokenUtf16Units) break;
    state = kWordBreakNext[state][ascii ? of_ascii[lead] : word_break_class(next.code_point)];
    if (state == kWordBreakDeadState) break;
    at += next.bytes;
    if (kWordBreakKind[state] == 0) continue;
    end = at;
    end_state = state;
  }
  return {{begin, end}, static_cast<TokenKind>(kWordBreakKind[end_state])};
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
