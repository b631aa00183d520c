// When two texts count as the same.
#pragma once

#include <string>
#include <string_view>

namespace rare::bm25 {

// What is left of a text without white space, control characters and punctuation (Unicode general
// categories Z, Cc, Cf, P), in lower case, code point by code point. Two texts with the same key
// differ at most in case, spacing, line breaks and punctuation. Accents, width and composition are
// not folded. Bytes that are not UTF-8 read as U+FFFD.
std::string identity_key(std::string_view text);

}  // namespace rare::bm25
