#include "plugins/bm25/text_identity.h"

#include "plugins/bm25/code_points.h"

namespace rare::bm25 {

void FoldedText::assign(std::string_view text) {
  constexpr std::size_t kBytesOfAWord = 6;  // of the text, in English
  key_.clear();
  word_ends_.clear();
  word_ends_.reserve(text.size() / kBytesOfAWord);
  for (std::size_t at = fold_ascii(text, 0); at < text.size(); at = fold_ascii(text, at)) {
    const DecodedCodePoint next = decode_utf8(text, at);
    at += next.bytes;
    const bool han = is_han(next.code_point);
    const bool ignorable = is_ignorable(next.code_point);
    if (han || ignorable) end_word();
    if (!ignorable) append_utf8(to_lower(next.code_point), key_);
    if (han) end_word();
  }
  end_word();
}

// As far as the text is ASCII from `at` on, which most are to their end; gives how far.
std::size_t FoldedText::fold_ascii(std::string_view text, std::size_t at) {
  std::size_t ascii_end = at;
  while (ascii_end < text.size() &&
         static_cast<unsigned char>(text[ascii_end]) < kFoldedAscii.size()) {
    ++ascii_end;
  }
  if (ascii_end == at) return at;
  const std::size_t before = key_.size();
  key_.resize(before + ascii_end - at);
  char* const begin = key_.data();
  char* end = begin + before;
  char* word = begin + (word_ends_.empty() ? 0 : word_ends_.back());
  for (; at < ascii_end; ++at) {
    *end = kFoldedAscii[static_cast<unsigned char>(text[at])];
    if (*end != '\0') {
      ++end;
    } else if (end != word) {
      word_ends_.push_back(static_cast<std::size_t>(end - begin));
      word = end;
    }
  }
  key_.resize(static_cast<std::size_t>(end - begin));
  return ascii_end;
}

void FoldedText::end_word() {
  const std::size_t begin = word_ends_.empty() ? 0 : word_ends_.back();
  if (key_.size() > begin) word_ends_.push_back(key_.size());
}

std::string identity_key(std::string_view text) { return FoldedText(text).key(); }

}  // namespace rare::bm25
