#include "plugins/bm25/text_identity.h"

#include "plugins/bm25/code_points.h"

namespace rare::bm25 {

void FoldedText::assign(std::string_view text) {
  word_ends_.clear();
  constexpr std::size_t kBytesOfAWord = 6;  // of the text, in English
  word_ends_.reserve(text.size() / kBytesOfAWord);
  for (std::size_t at = fold_ascii(text); at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < kFoldedAscii.size()) {
      const char folded = kFoldedAscii[byte];
      folded == '\0' ? end_word() : key_.push_back(folded);
      ++at;
      continue;
    }
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

// As far as the text is ASCII, which most are to their end; gives how far.
std::size_t FoldedText::fold_ascii(std::string_view text) {
  key_.resize(text.size());
  char* const begin = key_.data();
  char* end = begin;
  char* word = begin;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= kFoldedAscii.size()) break;
    *end = kFoldedAscii[byte];
    if (*end != '\0') {
      ++end;
    } else if (end != word) {
      word_ends_.push_back(static_cast<std::size_t>(end - begin));
      word = end;
    }
  }
  key_.resize(static_cast<std::size_t>(end - begin));
  return at;
}

void FoldedText::end_word() {
  const std::size_t begin = word_ends_.empty() ? 0 : word_ends_.back();
  if (key_.size() > begin) word_ends_.push_back(key_.size());
}

std::string identity_key(std::string_view text) { return FoldedText(text).key(); }

}  // namespace rare::bm25
