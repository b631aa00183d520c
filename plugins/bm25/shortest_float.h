// Floats as people and JSON show them: the fewest digits that give the same float back.
// Thread-safety: pure functions.
#pragma once

#include <array>
#include <charconv>
#include <string>

namespace rare::bm25 {

inline std::string shortest_digits(float number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return {digits.data(), end.ptr};
}

// The number that these digits are, so that JSON shows no more of them.
inline double shortest_double(float number) {
  const std::string digits = shortest_digits(number);
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace rare::bm25
