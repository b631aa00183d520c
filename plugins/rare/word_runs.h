// Words, for judging a model's reply: are there enough of them, and are they its own?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rare::distill {

// The words of a text, looked for once however often they are compared. Words are runs of letters
// and digits. In scripts that put no spaces between words (Chinese, Japanese, Thai, Lao, Khmer,
// Burmese) each character counts as one. Thread-safety: immutable values.
class Words {
 public:
  explicit Words(std::string_view text);

  std::size_t count() const { return hashes_.size(); }
  // Whether most words are characters of a script that puts no spaces between words.
  bool is_unspaced() const { return characters_ * 2 > hashes_.size(); }
  const std::vector<std::uint64_t>& hashes() const { return hashes_; }

 private:
  std::vector<std::uint64_t> hashes_;
  std::size_t characters_ = 0;  // words of one
};

std::size_t count_words(std::string_view text);

// Whether more than half of the reply's words, and at least eight (or all, if it has fewer), stand
// in one run in `source`. Case and punctuation do not count.
bool repeats(const Words& reply, const Words& source);

// Words that both texts hold, as a share of those that either holds; 1 for two texts without words.
double word_overlap(std::string_view one, std::string_view other);

// How much of `reply` stands in `source`, word for word; case and punctuation do not count.
struct SharedWords {
  std::size_t longest_run = 0;  // words
  double phrase_share = 0;      // of the reply's runs of a phrase's length, those in `source`
};

// How many words the longest run has that stands in both texts. Found in one pass where words of
// one are equal to words of the other at `most_places` pairs of places or fewer, else by halving:
// in tables of zeros nearly all pairs are.
std::size_t longest_common_run(const Words& words, const Words& source, std::size_t most_places);

// A phrase is five words, or eight where most of the reply's words are single characters.
SharedWords shared_words(const Words& reply, const Words& source);

// Whether so much of `reply` stands in `source` that it is put together from its sentences: a run
// of twelve words (twenty of single characters), or half of its phrases.
bool is_pieced_together(const Words& reply, const SharedWords& shared);

}  // namespace rare::distill
