// When two texts count as the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
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

  const std::string& key() const { return key_; }
  // Where the words end in the key, in order: each begins where the one before it ends. Words are
  // what was left out between them parts; a Han character is a word of its own.
  const std::vector<std::size_t>& word_ends() const { return word_ends_; }

 private:
  std::size_t fold_ascii(std::string_view text, std::size_t at);
  void end_word();

  std::string key_;
  std::vector<std::size_t> word_ends_;
};

std::string identity_key(std::string_view text);

}  // namespace rare::bm25
