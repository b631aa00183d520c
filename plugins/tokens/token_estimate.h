// Lengths in tokens without a tokenizer. Every vocabulary splits differently; this estimate is the
// same everywhere: a token for four bytes, and one for each character of Chinese, Japanese or
// Korean writing. English comes out a tenth too long or too short, digits and code too short.
// Thread-safety: functions of their arguments.
#pragma once

#include <cstddef>
#include <string_view>

namespace rare::tokens {

// Rounded up. Bytes that are not UTF-8 count as what they are.
std::size_t estimate_tokens(std::string_view text);

// The same in quarters of a token, which add up exactly when a text is taken in parts (of whole
// characters).
std::size_t estimate_quarter_tokens(std::string_view text);

// The bytes of the longest beginning of `text`, of whole characters, that is estimated at no more
// than `max_tokens`.
std::size_t bytes_of_tokens(std::string_view text, std::size_t max_tokens);

// Said in messages beside such a number.
inline constexpr std::string_view kHowEstimated =
    "estimated: four bytes, or one Chinese, Japanese or Korean character, a token";

}  // namespace rare::tokens
