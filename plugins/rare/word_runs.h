// Words, for judging a model's reply: are there enough of them, and are they its own?
#pragma once

#include <cstddef>
#include <string_view>

namespace rare::distill {

// Words are runs of letters and digits. In scripts that put no spaces between words (Chinese,
// Japanese, Thai, Lao, Khmer, Burmese) each character counts as one.
std::size_t count_words(std::string_view text);

// Whether more than half of the reply's words, and at least eight (or all, if it has fewer), stand
// in one run in `source`. Case and punctuation do not count.
bool repeats(std::string_view reply, std::string_view source);

}  // namespace rare::distill
