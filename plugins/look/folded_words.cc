#define XXH_INLINE_ALL
#include "folded_words.h"

#include <unicode/utf8.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "word_characters.h"

namespace rare::look {
namespace {

constexpr std::array<char, 128> make_ascii_folds() {
  std::array<char, 128> folds{};  // 0: no part of a word
  for (char c = '0'; c <= '9'; ++c) folds[static_cast<std::size_t>(c)] = c;
  for (char c = 'a'; c <= 'z'; ++c) folds[static_cast<std::size_t>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c)
    folds[static_cast<std::size_t>(c)] = static_cast<char>(c - 'A' + 'a');
  return folds;
}
constexpr std::array<char, 128> kAsciiFolds = make_ascii_folds();

}  // namespace

void FoldedWords::end_word(std::size_t begin, std::size_t characters) {
  if (characters == 0) return;
  ++word_count_;
  if (characters >= kLeastWordLetters) {
    distinct_.push_back(XXH3_64bits(key_.data() + begin, key_.size() - begin));
  }
}

void FoldedWords::fold(std::string_view text) {
  key_.clear();
  distinct_.clear();
  word_count_ = 0;
  std::size_t begin = 0, characters = 0;      // of the word under way
  std::size_t neighbour = std::string::npos;  // where in the key the character before begins
  const auto end_run = [&] {
    end_word(begin, characters);
    begin = key_.size();
    characters = 0;
  };
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t at = 0; at < text.size();) {
    if (bytes[at] < 0x80) {
      neighbour = std::string::npos;
      if (const char folded = kAsciiFolds[bytes[at++]]; folded != 0) {
        key_.push_back(folded);
        ++characters;
      } else if (characters > 0) {
        end_run();
      }
      continue;
    }
    UChar32 c = 0;
    U8_NEXT(bytes, at, text.size(), c);
    if (!is_of_a_word(c)) {
      neighbour = std::string::npos;
      end_run();
    } else if (has_no_spaces_around(c)) {
      end_run();
      const std::size_t here = key_.size();
      append_utf8(key_, c);
      ++word_count_;
      if (neighbour != std::string::npos) {
        distinct_.push_back(XXH3_64bits(key_.data() + neighbour, key_.size() - neighbour));
      }
      neighbour = here;
      begin = key_.size();
    } else {
      neighbour = std::string::npos;
      append_folded(key_, c);
      ++characters;
    }
  }
  end_run();
  std::sort(distinct_.begin(), distinct_.end());
  distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
}

std::uint64_t FoldedWords::identity() const { return XXH3_64bits(key_.data(), key_.size()); }

double shared_words(const FoldedWords& one, const FoldedWords& other) {
  if (one.distinct().empty()) return 0;
  std::size_t shared = 0;
  auto at = other.distinct().begin();
  for (const std::uint64_t word : one.distinct()) {
    while (at != other.distinct().end() && *at < word) ++at;
    if (at == other.distinct().end()) break;
    if (*at == word) ++shared;
  }
  return static_cast<double>(shared) / static_cast<double>(one.distinct().size());
}

}  // namespace rare::look
