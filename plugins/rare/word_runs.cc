#include "word_runs.h"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace rare::distill {

namespace {

constexpr std::size_t kShortestRun = 8;  // shorter ones are phrases that everybody uses
constexpr std::size_t kWordsOfAPhrase = 5;
constexpr std::size_t kWordsOfACopy = 12;
// Where each character is a word: a word of Chinese has between one and two.
constexpr std::size_t kCharactersOfAPhrase = 8;
constexpr std::size_t kCharactersOfACopy = 20;

struct Character {
  char32_t value;
  std::size_t bytes;
};

// Lenient: a byte that begins no valid sequence is taken for a character of its own.
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  const std::size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || at + bytes > text.size()) return {lead, 1};
  char32_t value = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) value = (value << 6) | (byte(i) & 0x3F);
  return {value, bytes};
}

bool in(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

bool is_word_of_its_own(char32_t c) {
  return in(c, 0x0E00, 0x0EFF) || in(c, 0x1000, 0x109F) || in(c, 0x1780, 0x17FF) ||
         in(c, 0x2E80, 0x2FFF) || in(c, 0x3040, 0x9FFF) || in(c, 0xF900, 0xFAFF) ||
         in(c, 0x20000, 0x3FFFF);
}

bool is_in_a_word(char32_t c) {
  if (c < 0x80) return in(c | 0x20, 'a', 'z') || in(c, '0', '9');
  const bool punctuation = in(c, 0x80, 0xBF) || in(c, 0x2000, 0x206F) || in(c, 0x3000, 0x303F) ||
                           in(c, 0xFF00, 0xFF0F) || in(c, 0xFF1A, 0xFF20);
  return !punctuation;
}

// FNV-1a over each word in lower case (of ASCII). Two words with one hash would only make a reply
// be asked again.
std::vector<std::uint64_t> word_hashes(std::string_view text) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325ULL;
  constexpr std::uint64_t kPrime = 0x100000001b3ULL;
  std::vector<std::uint64_t> words;
  words.reserve(text.size() / 5);
  std::uint64_t hash = kBasis;
  const auto finish = [&] {
    if (hash != kBasis) words.push_back(hash);
    hash = kBasis;
  };
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    at += c.bytes;
    if (!is_in_a_word(c.value)) {
      finish();
      continue;
    }
    const bool is_word = c.value >= 0x80 && is_word_of_its_own(c.value);
    if (is_word) finish();
    hash = (hash ^ (in(c.value, 'A', 'Z') ? c.value | 0x20 : c.value)) * kPrime;
    if (is_word) finish();
  }
  finish();
  return words;
}

// The hash of each window of `length` words, by Karp and Rabin's rolling hash (IBM Journal of
// Research and Development 31/2, 1987), modulo 2^64. `visit` says whether to go on.
template <class Visit>
void for_each_window(const std::vector<std::uint64_t>& words, std::size_t length, Visit visit) {
  constexpr std::uint64_t kBase = 0x9e3779b97f4a7c15ULL;
  std::uint64_t leaving_factor = 1;
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    hash = hash * kBase + words[i];
    if (i < length) {
      leaving_factor *= kBase;
    } else {
      hash -= leaving_factor * words[i - length];
    }
    if (i + 1 >= length && !visit(hash)) return;
  }
}

bool has_common_run(const std::vector<std::uint64_t>& words,
                    const std::vector<std::uint64_t>& source, std::size_t length) {
  std::unordered_set<std::uint64_t> runs;
  std::bitset<4096> marks;  // by the highest bits: nearly every window of the source is none
  const auto place_of = [](std::uint64_t hash) { return hash >> 52; };
  for_each_window(words, length, [&](std::uint64_t hash) {
    marks.set(place_of(hash));
    return runs.insert(hash), true;
  });
  bool found = false;
  for_each_window(source, length, [&](std::uint64_t hash) {
    found = marks[place_of(hash)] && runs.contains(hash);
    return !found;
  });
  return found;
}

// Whether most words are characters of a script that puts no spaces between words.
bool is_unspaced(std::string_view text) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    at += c.bytes;
    characters += is_word_of_its_own(c.value) ? 1 : 0;
  }
  return characters * 2 > count_words(text);
}

}  // namespace

std::size_t count_words(std::string_view text) { return word_hashes(text).size(); }

bool repeats(std::string_view reply, std::string_view source) {
  const std::vector<std::uint64_t> words = word_hashes(reply);
  if (words.empty()) return false;
  const std::size_t length = std::min(words.size(), std::max(kShortestRun, words.size() / 2 + 1));
  return has_common_run(words, word_hashes(source), length);
}

double word_overlap(std::string_view one, std::string_view other) {
  const std::vector<std::uint64_t> words = word_hashes(one);
  const std::vector<std::uint64_t> others = word_hashes(other);
  const std::unordered_set<std::uint64_t> of_one(words.begin(), words.end());
  const std::unordered_set<std::uint64_t> of_other(others.begin(), others.end());
  std::size_t in_both = 0;
  for (const std::uint64_t word : of_one) in_both += of_other.contains(word) ? 1 : 0;
  const std::size_t in_either = of_one.size() + of_other.size() - in_both;
  return in_either == 0 ? 1 : static_cast<double>(in_both) / static_cast<double>(in_either);
}

SharedWords shared_words(std::string_view reply, std::string_view source) {
  SharedWords shared;
  const std::vector<std::uint64_t> words = word_hashes(reply);
  const std::vector<std::uint64_t> source_words = word_hashes(source);
  // A run of some length holds runs of every lesser one, so the longest can be found by halving.
  std::size_t too_long = std::min(words.size(), source_words.size()) + 1;
  while (shared.longest_run + 1 < too_long) {
    const std::size_t length = (shared.longest_run + too_long) / 2;
    (has_common_run(words, source_words, length) ? shared.longest_run : too_long) = length;
  }
  const std::size_t phrase = is_unspaced(reply) ? kCharactersOfAPhrase : kWordsOfAPhrase;
  std::unordered_set<std::uint64_t> phrases;
  for_each_window(source_words, phrase,
                  [&](std::uint64_t hash) { return phrases.insert(hash), true; });
  std::size_t seen = 0;
  std::size_t found = 0;
  for_each_window(words, phrase, [&](std::uint64_t hash) {
    ++seen;
    found += phrases.contains(hash) ? 1 : 0;
    return true;
  });
  if (seen > 0) shared.phrase_share = static_cast<double>(found) / static_cast<double>(seen);
  return shared;
}

bool is_pieced_together(std::string_view reply, const SharedWords& shared) {
  if (count_words(reply) < kShortestRun) return false;
  const std::size_t copied_run = is_unspaced(reply) ? kCharactersOfACopy : kWordsOfACopy;
  return shared.longest_run >= copied_run || shared.phrase_share >= 0.5;
}

}  // namespace rare::distill
