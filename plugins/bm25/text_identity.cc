#include "plugins/bm25/text_identity.h"

#include <algorithm>
#include <cstring>

#include "plugins/bm25/code_points.h"
#include "plugins/bm25/index_format.h"

namespace rare::bm25 {
namespace {

constexpr std::size_t kBeginningBytes = 64;  // of the key

// Where the first character from `at` on stands that is not ASCII, before `end`; or else `end`, or
// `at` where that is behind it.
std::size_t ascii_end_of(std::string_view text, std::size_t at, std::size_t end) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  for (std::uint64_t bytes = 0; at + sizeof bytes <= end; at += sizeof bytes) {
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    if ((bytes & kHighBits) != 0) break;
  }
  while (at < end && static_cast<unsigned char>(text[at]) < kFoldedAscii.size()) ++at;
  return at;
}

}  // namespace

// In parts, too: each makes room for as many words as could end in it.
void FoldedText::assign(std::string_view text) {
  constexpr std::size_t kAtOnceBytes = 4096;
  key_.reserve(std::min(text.size(), kAtOnceBytes) + 1);
  begin(text);
  while (!complete()) extend(kAtOnceBytes);
}

void FoldedText::begin(std::string_view text) {
  // Most texts are told apart by that much.
  constexpr std::size_t kFirstParts = 3;
  constexpr std::size_t kMostKept = std::size_t{1} << 20;
  text_ = text;
  at_ = 0;
  key_.clear();
  word_ends_.clear();
  if (key_.capacity() > kMostKept) {  // a long text's memory is not for all that come after it
    key_.shrink_to_fit();
    word_ends_.shrink_to_fit();
  }
  key_.reserve(kFirstParts * kPartBytes);
  word_ends_.reserve(kFirstParts * kPartBytes / 2);
}

void FoldedText::extend(std::size_t bytes) {
  if (complete()) return;
  const std::size_t end = bytes < text_.size() - at_ ? at_ + bytes : text_.size();
  for (fold_ascii(end); at_ < end; fold_ascii(end)) {
    const DecodedCodePoint next = decode_utf8(text_, at_);
    at_ += next.bytes;
    const bool han = is_han(next.code_point);
    const bool ignorable = is_ignorable(next.code_point);
    if (han || ignorable) end_word();
    if (!ignorable) append_utf8(to_lower(next.code_point), key_);
    if (han) end_word();
  }
  if (complete()) end_word();
}

// As far as the text is ASCII, which most are to their end. Without branches, for where a word ends
// no processor foresees: what is no end is written over by what comes next.
void FoldedText::fold_ascii(std::size_t end) {
  const std::size_t ascii_end = ascii_end_of(text_, at_, end);
  if (ascii_end == at_) return;
  const std::string_view part = text_.substr(at_, ascii_end - at_);
  std::size_t size = key_.size();
  std::size_t words = word_ends_.size();
  bool in_word = size != (words == 0 ? 0 : word_ends_.back());
  key_.resize(size + part.size() + 1);
  word_ends_.resize(words + part.size() / 2 + 2);
  char* const key = key_.data();
  std::size_t* const ends = word_ends_.data();
  for (const char character : part) {
    const char folded = kFoldedAscii[static_cast<unsigned char>(character)];
    const bool kept = folded != '\0';
    key[size] = folded;
    ends[words] = size;
    words += static_cast<std::size_t>(in_word && !kept);
    size += static_cast<std::size_t>(kept);
    in_word = kept;
  }
  key_.resize(size);
  word_ends_.resize(words);
  at_ = ascii_end;
}

void FoldedText::end_word() {
  const std::size_t begin = word_ends_.empty() ? 0 : word_ends_.back();
  if (key_.size() > begin) word_ends_.push_back(key_.size());
}

bool FoldedText::has_key(std::string_view key) {
  while (key.substr(0, key_.size()) == key_) {
    if (complete()) return key.size() == key_.size();
    extend();
  }
  return false;
}

std::string identity_key(std::string_view text) { return FoldedText(text).key(); }

std::uint64_t DistinctTexts::beginning_of(FoldedText& text) {
  while (text.key().size() < kBeginningBytes && !text.complete()) text.extend();
  return term_hash(text.key().data(), std::min(text.key().size(), kBeginningBytes));
}

bool DistinctTexts::contains(FoldedText& text) {
  const auto [first, last] = texts_.equal_range(beginning_of(text));
  return std::any_of(first, last, [&](auto& place) {
    Entry& entry = place.second;
    if (!entry.key) entry.key = identity_key(entry.text);
    return text.has_key(*entry.key);
  });
}

void DistinctTexts::insert(FoldedText& folded, std::string_view text) {
  texts_.emplace(beginning_of(folded), Entry{text, std::nullopt});
}

}  // namespace rare::bm25
