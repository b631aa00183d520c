#include "sentence_cut.h"

#include "plugins/tokens/token_estimate.h"

namespace rare::distill {

namespace {

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Whether text[0, end) ends with a sentence. REQUIRES: 0 < end < text.size().
bool ends_sentence(std::string_view text, std::size_t end) {
  const char last = text[end - 1];
  if (last == '\n') return true;
  if ((last == '.' || last == '!' || last == '?') && is_space(text[end])) return true;
  const std::string_view tail = text.substr(0, end);
  return tail.ends_with("\u3002") || tail.ends_with("\uFF01") || tail.ends_with("\uFF1F");
}

// The longest beginning of at most `limit` bytes, which end a character, that ends well.
std::string_view ended_well(std::string_view text, std::size_t limit) {
  if (limit == text.size()) return text;
  for (std::size_t end = limit; end > limit / 2; --end) {
    if (ends_sentence(text, end)) return text.substr(0, end);
  }
  for (std::size_t end = limit; end > limit / 2; --end) {
    if (is_space(text[end])) return text.substr(0, end);
  }
  return text.substr(0, limit);
}

}  // namespace

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += starts_character(c) ? 1 : 0;
  return count;
}

std::string_view cut_at_sentence(std::string_view text, std::size_t max_characters) {
  std::size_t limit = 0;
  for (std::size_t seen = 0; limit < text.size(); ++limit) {
    if (starts_character(text[limit]) && seen++ == max_characters) break;
  }
  return ended_well(text, limit);
}

std::string_view cut_at_sentence_by_tokens(std::string_view text, std::size_t max_tokens) {
  return ended_well(text, tokens::bytes_of_tokens(text, max_tokens));
}

}  // namespace rare::distill
