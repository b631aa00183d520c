// A text as it is compared: its words, without case, spacing and punctuation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rare::look {

// Letters, digits and marks (Unicode) in lower case, everything else left out. Two texts with the
// same key differ at most in case, spacing, line breaks, punctuation and symbols. Thread-safety:
// values. Can be used again and again: memory is kept.
class FoldedWords {
 public:
  // Bytes that are not UTF-8 part words.
  void fold(std::string_view text);

  const std::string& key() const { return key_; }
  // XXH3 (64 bits) of the key.
  std::uint64_t identity() const;
  // Runs of letters; a Han, Hiragana or Katakana character counts as one.
  std::size_t word_count() const { return word_count_; }
  // Hashes of the different words of three characters or more, sorted; of writing without spaces,
  // of each pair of neighbours.
  const std::vector<std::uint64_t>& distinct() const { return distinct_; }

 private:
  void end_word(std::size_t begin, std::size_t characters);

  std::string key_;
  std::size_t word_count_ = 0;
  std::vector<std::uint64_t> distinct_;
};

// Which share of the different words of `one` `other` has, too; 0 where `one` has none.
double shared_words(const FoldedWords& one, const FoldedWords& other);

}  // namespace rare::look
