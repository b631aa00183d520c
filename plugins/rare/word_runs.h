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

// Words that both texts hold, as a share of those that either holds; 1 for two texts without words.
double word_overlap(std::string_view one, std::string_view other);

// How much of `reply` stands in `source`, word for word; case and punctuation do not count.
struct SharedWords {
  std::size_t longest_run = 0;  // words
  double phrase_share = 0;      // of the reply's runs of a phrase's length, those in `source`
};

// A phrase is five words, or eight where most of the reply's words are single characters.
SharedWords shared_words(std::string_view reply, std::string_view source);

// Whether so much of `reply` stands in `source` that it is put together from its sentences: a run
// of twelve words (twenty of single characters), or half of its phrases.
bool is_pieced_together(std::string_view reply, const SharedWords& shared);

}  // namespace rare::distill
