// Whether bytes of a text can stand in a JSON string as they are, eight of them at once: nearly all
// can. Thread-safety: pure functions.
#pragma once

#include <cstdint>

namespace rare::json {

// Whether one of the eight is a quote, a backslash, or below the space: the byte-wise tests of "Bit
// Twiddling Hacks" (Anderson), of which each says exactly whether there is such a byte.
constexpr bool any_escaped(std::uint64_t eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighBits = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
  const std::uint64_t below_space = (eight - kOnes * 0x20) & ~eight;
  const std::uint64_t found =
      below_space | has_zero(eight ^ kOnes * '"') | has_zero(eight ^ kOnes * '\\');
  return (found & kHighBits) != 0;
}

}  // namespace rare::json
