// When two texts count as the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rare::bm25 {

// What is left of a text without white space, control characters and punctuation (Unicode general
// categories Z, Cc, Cf, P), in lower case, code point by code point. Two texts with the same key
// differ at most in case, spacing, line breaks and punctuation. Accents, width and composition are
// not folded. Bytes that are not UTF-8 read as U+FFFD. Thread-safety: values.
class FoldedText {
 public:
  FoldedText() {}
  explicit FoldedText(std::string_view text) { assign(text); }
  // Becomes that of another text, in the memory that it has.
  void assign(std::string_view text);

  // The same in parts, for texts that differ early: begin(), then extend() as far as it takes, each
  // time by at least so many bytes of the text. REQUIRES: the text stays where it is meanwhile.
  static constexpr std::size_t kPartBytes = 128;
  void begin(std::string_view text);
  void extend(std::size_t bytes = kPartBytes);
  bool complete() const { return at_ == text_.size(); }
  // Whether `key` is the key of the whole text; extends it as far as it takes to tell.
  bool has_key(std::string_view key);

  // Of what is there.
  const std::string& key() const { return key_; }
  // Where the words end in the key, in order: each begins where the one before it ends. Words are
  // what was left out between them parts; a Han character is a word of its own.
  const std::vector<std::size_t>& word_ends() const { return word_ends_; }

 private:
  void fold_ascii(std::size_t end);
  void end_word();

  std::string_view text_;
  std::size_t at_ = 0;  // as far as it is folded
  std::string key_;
  std::vector<std::size_t> word_ends_;
};

std::string identity_key(std::string_view text);

// Texts of which no two have the same key. Of most no more is folded than their beginnings.
class DistinctTexts {
 public:
  // Whether one of them has the text's key.
  bool contains(FoldedText& text);
  // REQUIRES: `text` is what `folded` folds, stays where it is, and is not contained.
  void insert(FoldedText& folded, std::string_view text);
  void clear() { texts_.clear(); }

 private:
  struct Entry {
    std::string_view text;
    std::optional<std::string> key;  // once somebody asked
  };
  static std::uint64_t beginning_of(FoldedText& text);

  std::unordered_multimap<std::uint64_t, Entry> texts_;  // by the hash of the key's beginning
};

}  // namespace rare::bm25
