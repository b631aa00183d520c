#define XXH_INLINE_ALL
#include "folded_words.h"

#include <unicode/utf8.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "word_characters.h"

namespace rare::look {
namespace {

constexpr std::array<char, 128> make_ascii_folds() {
  std::array<char, 128> folds{};  // 0: no part of a word
  for (unsigned char c = '0'; c <= '9'; ++c) folds[c] = static_cast<char>(c);
  for (unsigned char c = 'a'; c <= 'z'; ++c) folds[c] = static_cast<char>(c);
  for (unsigned char c = 'A'; c <= 'Z'; ++c) folds[c] = static_cast<char>(c - 'A' + 'a');
  return folds;
}
constexpr std::array<char, 128> kAsciiFolds = make_ascii_folds();

}  // namespace

// In lower case a character of two bytes may have three, and none has more than half as many again.
void FoldedWords::make_room(std::size_t text_bytes) {
  const std::size_t wanted = 2 * text_bytes + sizeof(std::uint64_t);
  if (wanted <= room_bytes_) return;
  key_ = std::make_unique_for_overwrite<char[]>(wanted);
  room_bytes_ = wanted;
}

// Most words have eight bytes or fewer, none of them 0: they are numbers, each with a hash of its
// own. The key has room for eight bytes behind every character.
std::uint64_t FoldedWords::hash_of(std::size_t begin, std::size_t end) const {
  const std::size_t bytes = end - begin;
  std::uint64_t word = 0;
  if (bytes > sizeof word) return XXH3_64bits(key_.get() + begin, bytes);
  std::memcpy(&word, key_.get() + begin, sizeof word);
  return mixed_bits(word & (~std::uint64_t{0} >> (8 * (sizeof word - bytes))));
}

void FoldedWords::end_word(std::size_t begin, std::size_t end, std::size_t characters) {
  if (characters == 0) return;
  const std::uint64_t hash = hash_of(begin, end);
  words_.push_back(hash);
  if (characters >= kLeastWordLetters) telling_.push_back(hash);
}

void FoldedWords::fold(std::string_view text) {
  make_room(text.size());
  words_.clear();
  telling_.clear();
  std::size_t end = 0;                        // of the key
  std::size_t begin = 0, characters = 0;      // of the word under way
  std::size_t neighbour = std::string::npos;  // where in the key the character before begins
  const auto end_run = [&] {
    end_word(begin, end, characters);
    begin = end;
    characters = 0;
  };
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t at = 0; at < text.size();) {
    if (bytes[at] < 0x80) {
      neighbour = std::string::npos;
      char folded = 0;
      const std::size_t before = end;
      while (at < text.size() && bytes[at] < 0x80 && (folded = kAsciiFolds[bytes[at]]) != 0) {
        key_[end++] = folded;
        ++at;
      }
      characters += end - before;
      if (at == text.size() || bytes[at] >= 0x80) continue;
      ++at;
      end_run();
      continue;
    }
    UChar32 c = 0;
    U8_NEXT(bytes, at, text.size(), c);
    if (!is_of_a_word(c)) {
      neighbour = std::string::npos;
      end_run();
    } else if (has_no_spaces_around(c)) {
      end_run();
      end += write_utf8(key_.get() + end, c);
      words_.push_back(hash_of(begin, end));
      if (neighbour != std::string::npos) {
        telling_.push_back(hash_of(neighbour, end));
      }
      neighbour = begin;
      begin = end;
    } else {
      neighbour = std::string::npos;
      end += write_folded(key_.get() + end, c);
      ++characters;
    }
  }
  end_run();
  key_bytes_ = end;
}

std::uint64_t FoldedWords::identity() const { return XXH3_64bits(key_.get(), key_bytes_); }

void DistinctWords::assign(const FoldedWords& question) {
  words_ = question.telling();
  std::sort(words_.begin(), words_.end());
  words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
  marks_.reset();
  for (const std::uint64_t word : words_) marks_.set(mark_of(word));
}

double DistinctWords::share_in(const FoldedWords& passage) {
  if (words_.empty()) return 0;
  found_.assign(words_.size(), false);
  std::size_t shared = 0;
  for (const std::uint64_t word : passage.telling()) {
    if (!marks_.test(mark_of(word))) continue;
    const auto at = std::lower_bound(words_.begin(), words_.end(), word);
    if (at == words_.end() || *at != word) continue;
    const auto index = static_cast<std::size_t>(at - words_.begin());
    shared += found_[index] ? 0 : 1;
    found_[index] = true;
    if (shared == words_.size()) break;
  }
  return static_cast<double>(shared) / static_cast<double>(words_.size());
}

}  // namespace rare::look
