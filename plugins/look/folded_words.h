// A text as it is compared: its words, without case, spacing and punctuation.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace rare::look {

// The finaliser of MurmurHash3 (A. Appleby): different values stay different.
inline std::uint64_t mixed_bits(std::uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdULL;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return value ^ (value >> 33);
}

// Letters, digits and marks (Unicode) in lower case, everything else left out. Two texts with the
// same key differ at most in case, spacing, line breaks, punctuation and symbols. Thread-safety:
// values. Can be used again and again: memory is kept.
class FoldedWords {
 public:
  // Bytes that are not UTF-8 part words.
  void fold(std::string_view text);

  std::string_view key() const { return {key_.get(), key_bytes_}; }
  // XXH3 (64 bits) of the key.
  std::uint64_t identity() const;
  // Hashes of all words in order: runs of letters; a Han, Hiragana or Katakana character is one.
  const std::vector<std::uint64_t>& words() const { return words_; }
  // Hashes of what overlaps are counted by: of the words of three characters or more; of writing
  // without spaces, of each pair of neighbours. In order, repeated ones, too.
  const std::vector<std::uint64_t>& telling() const { return telling_; }

 private:
  void make_room(std::size_t text_bytes);
  void end_word(std::size_t begin, std::size_t end, std::size_t characters);
  std::uint64_t hash_of(std::size_t begin, std::size_t end) const;

  std::unique_ptr<char[]> key_;  // beyond key_bytes_ nothing is set
  std::size_t key_bytes_ = 0, room_bytes_ = 0;
  std::vector<std::uint64_t> words_, telling_;
};

// The different words of a question, to be looked for in passages. Thread-safety: values; one
// thread at a time.
class DistinctWords {
 public:
  // Those of FoldedWords::telling().
  void assign(const FoldedWords& question);
  std::size_t size() const { return words_.size(); }
  // Which share of them `passage` has, too; 0 where there are none.
  double share_in(const FoldedWords& passage);

 private:
  static std::size_t mark_of(std::uint64_t word) { return word >> 52; }
  std::vector<std::uint64_t> words_;  // sorted
  std::vector<bool> found_;
  std::bitset<4096> marks_;  // by the highest bits: most words of a passage need no closer look
};

}  // namespace rare::look
