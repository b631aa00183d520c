#include "plugins/bm25/shingles.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "plugins/bm25/code_points.h"
#include "plugins/bm25/index_format.h"

namespace rare::bm25 {
namespace {

constexpr std::size_t kWordsPerShingle = 3;

std::uint64_t hash_of_word(const std::string& word) { return term_hash(word.data(), word.size()); }

// Hashes of the text's words, in order.
std::vector<std::uint64_t> words_of(std::string_view text) {
  std::vector<std::uint64_t> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(hash_of_word(word));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < kFoldedAscii.size()) {
      const char folded = kFoldedAscii[byte];
      folded == '\0' ? end_word() : word.push_back(folded);
      ++at;
      continue;
    }
    const DecodedCodePoint next = decode_utf8(text, at);
    at += next.bytes;
    const bool han = is_han(next.code_point);
    if (han || is_ignorable(next.code_point)) end_word();
    if (!is_ignorable(next.code_point)) append_utf8(to_lower(next.code_point), word);
    if (han) end_word();
  }
  end_word();
  return words;
}

}  // namespace

Shingles::Shingles(std::string_view text) {
  const std::vector<std::uint64_t> words = words_of(text);
  const std::size_t size = std::min(words.size(), kWordsPerShingle);
  for (std::size_t first = 0; size > 0 && first + size <= words.size(); ++first) {
    hashes_.push_back(term_hash(reinterpret_cast<const char*>(words.data() + first),
                                size * sizeof(std::uint64_t)));
  }
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
}

double Shingles::similarity(const Shingles& other) const {
  if (hashes_.empty() || other.hashes_.empty()) return 0;
  std::size_t both = 0;
  for (auto left = hashes_.begin(), right = other.hashes_.begin();
       left != hashes_.end() && right != other.hashes_.end();) {
    if (*left < *right) {
      ++left;
    } else if (*right < *left) {
      ++right;
    } else {
      ++both, ++left, ++right;
    }
  }
  const std::size_t either = hashes_.size() + other.hashes_.size() - both;
  return static_cast<double>(both) / static_cast<double>(either);
}

}  // namespace rare::bm25
