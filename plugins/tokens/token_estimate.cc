#include "plugins/tokens/token_estimate.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace rare::tokens {

namespace {

constexpr std::size_t kQuarters = 4;

struct Measured {
  std::size_t bytes;
  std::size_t quarters;  // of a token
};

bool in(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

// Blocks of The Unicode Standard: CJK radicals to Yi, Hangul, compatibility ideographs, full-width
// forms, and the supplementary planes of ideographs.
bool is_a_token_of_its_own(char32_t c) {
  return in(c, 0x2E80, 0xA4CF) || in(c, 0xAC00, 0xD7AF) || in(c, 0xF900, 0xFAFF) ||
         in(c, 0xFF00, 0xFFEF) || in(c, 0x20000, 0x3FFFF);
}

// The character at `at`; a byte that begins none is one by itself.
Measured measured_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  const std::size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes < 3 || at + bytes > text.size()) {
    const std::size_t whole = std::min(bytes, text.size() - at);
    return {whole, whole};
  }
  char32_t value = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) value = (value << 6) | (byte(i) & 0x3F);
  return {bytes, is_a_token_of_its_own(value) ? kQuarters : bytes};
}

// How many ASCII characters the text begins with: eight at a time.
std::size_t ascii_bytes(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & kHighBits) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

std::size_t estimate_tokens(std::string_view text) {
  return (estimate_quarter_tokens(text) + kQuarters - 1) / kQuarters;
}

std::size_t estimate_quarter_tokens(std::string_view text) {
  std::size_t quarters = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t plain = ascii_bytes(text.substr(at));
    quarters += plain;
    at += plain;
    if (at == text.size()) break;
    const Measured character = measured_at(text, at);
    quarters += character.quarters;
    at += character.bytes;
  }
  return quarters;
}

std::size_t bytes_of_tokens(std::string_view text, std::size_t max_tokens) {
  std::size_t quarters = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const Measured character = measured_at(text, at);
    quarters += character.quarters;
    if (quarters > max_tokens * kQuarters) break;
    at += character.bytes;
  }
  return at;
}

}  // namespace rare::tokens
