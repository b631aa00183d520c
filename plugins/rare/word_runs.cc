#include "word_runs.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <unordered_set>
#include <utility>

namespace rare::distill {

namespace {

constexpr std::size_t kShortestRun = 8;  // shorter ones are phrases that everybody uses
constexpr std::size_t kWordsOfAPhrase = 5;
constexpr std::size_t kWordsOfACopy = 12;
// Where each character is a word: a word of Chinese has between one and two.
constexpr std::size_t kCharactersOfAPhrase = 8;
constexpr std::size_t kCharactersOfACopy = 20;
// So many places where words are equal, for each word of either text, take as long as the passes of
// a search by halving.
constexpr std::size_t kPlacesOfAWord = 50;

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

// Beyond ASCII.
bool is_punctuation(char32_t c) {
  return in(c, 0x80, 0xBF) || in(c, 0x2000, 0x206F) || in(c, 0x3000, 0x303F) ||
         in(c, 0xFF00, 0xFF0F) || in(c, 0xFF1A, 0xFF20);
}

// What ASCII characters are to a word: in lower case, or 0 where it ends.
constexpr auto kInAWord = [] {
  std::array<unsigned char, 128> folded{};
  for (unsigned char c = 0; c < folded.size(); ++c) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool kept = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    folded[c] = kept ? static_cast<unsigned char>(upper ? c | 0x20 : c) : 0;
  }
  return folded;
}();

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

// The windows of some words, to be looked up.
class Windows {
 public:
  Windows(const std::vector<std::uint64_t>& words, std::size_t length) {
    hashes_.reserve(words.size());
    for_each_window(words, length, [&](std::uint64_t hash) {
      marks_.set(place_of(hash));
      return hashes_.push_back(hash), true;
    });
    std::sort(hashes_.begin(), hashes_.end());
  }
  bool contain(std::uint64_t hash) const {
    return marks_[place_of(hash)] && std::binary_search(hashes_.begin(), hashes_.end(), hash);
  }

 private:
  static std::size_t place_of(std::uint64_t hash) { return hash >> 52; }

  std::vector<std::uint64_t> hashes_;
  std::bitset<4096> marks_;  // by the highest bits: nearly every window of another text is none
};

bool has_common_run(const Words& words, const Words& source, std::size_t length) {
  const Windows windows(words.hashes(), length);
  bool found = false;
  for_each_window(source.hashes(), length, [&](std::uint64_t hash) {
    found = windows.contain(hash);
    return !found;
  });
  return found;
}

// The longest common substring of words, by the usual recurrence (a run that ends at two equal
// words is one longer than that which ends before them), over the places where words are equal
// alone. Nothing where there are more of these than `most_places`.
std::optional<std::size_t> run_in_one_pass(const std::vector<std::uint64_t>& words,
                                           const std::vector<std::uint64_t>& source,
                                           std::size_t most_places) {
  std::vector<std::pair<std::uint64_t, std::size_t>> places;  // of each word, in order
  std::bitset<4096> marks;  // by the highest bits: most words of another text are none of these
  const auto mark_of = [](std::uint64_t word) { return word >> 52; };
  for (const std::uint64_t word : words) {
    marks.set(mark_of(word));
    places.emplace_back(word, places.size());
  }
  std::sort(places.begin(), places.end());
  std::size_t longest = 0;
  std::vector<std::pair<std::size_t, std::size_t>> before, now;  // where a run ends, and its length
  for (const std::uint64_t word : source) {
    now.clear();
    if (marks[mark_of(word)]) {
      auto end = before.begin();
      auto place = std::lower_bound(places.begin(), places.end(), std::pair(word, std::size_t{0}));
      for (; place != places.end() && place->first == word; ++place) {
        while (end != before.end() && end->first + 1 < place->second) ++end;
        const bool goes_on = end != before.end() && end->first + 1 == place->second;
        now.emplace_back(place->second, goes_on ? end->second + 1 : 1);
        longest = std::max(longest, now.back().second);
      }
    }
    if (now.size() > most_places) return std::nullopt;
    most_places -= now.size();
    before.swap(now);
  }
  return longest;
}

// A run of some length holds runs of every lesser one, so the longest can be found by halving.
std::size_t run_by_halving(const Words& words, const Words& source) {
  std::size_t longest = 0;
  std::size_t too_long = std::min(words.count(), source.count()) + 1;
  while (longest + 1 < too_long) {
    const std::size_t length = (longest + too_long) / 2;
    (has_common_run(words, source, length) ? longest : too_long) = length;
  }
  return longest;
}

// Of the words' windows, the share that `source` has, too.
double share_of_windows(const Words& words, const Words& source, std::size_t length) {
  const Windows windows(words.hashes(), length);
  std::unordered_set<std::uint64_t> in_both;
  for_each_window(source.hashes(), length, [&](std::uint64_t hash) {
    if (windows.contain(hash)) in_both.insert(hash);
    return true;
  });
  std::size_t seen = 0;
  std::size_t found = 0;
  for_each_window(words.hashes(), length, [&](std::uint64_t hash) {
    ++seen;
    found += in_both.contains(hash) ? 1 : 0;
    return true;
  });
  return seen == 0 ? 0 : static_cast<double>(found) / static_cast<double>(seen);
}

}  // namespace

// FNV-1a over each word in lower case (of ASCII). Two words with one hash would only make a reply
// be asked again.
Words::Words(std::string_view text) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325ULL;
  constexpr std::uint64_t kPrime = 0x100000001b3ULL;
  hashes_.reserve(text.size() / 5);
  std::uint64_t hash = kBasis;
  const auto finish = [&] {
    if (hash != kBasis) hashes_.push_back(hash);
    hash = kBasis;
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < kInAWord.size()) {
      const unsigned char folded = kInAWord[byte];
      folded == 0 ? finish() : void(hash = (hash ^ folded) * kPrime);
      ++at;
      continue;
    }
    const Character c = character_at(text, at);
    at += c.bytes;
    if (is_punctuation(c.value)) {
      finish();
      continue;
    }
    const bool is_word = is_word_of_its_own(c.value);
    if (is_word) finish();
    hash = (hash ^ c.value) * kPrime;
    if (is_word) finish();
    characters_ += is_word ? 1 : 0;
  }
  finish();
}

std::size_t count_words(std::string_view text) { return Words(text).count(); }

bool repeats(const Words& reply, const Words& source) {
  if (reply.count() == 0) return false;
  const std::size_t length = std::min(reply.count(), std::max(kShortestRun, reply.count() / 2 + 1));
  return has_common_run(reply, source, length);
}

double word_overlap(std::string_view one, std::string_view other) {
  const std::vector<std::uint64_t> words = Words(one).hashes();
  const std::vector<std::uint64_t> others = Words(other).hashes();
  const std::unordered_set<std::uint64_t> of_one(words.begin(), words.end());
  const std::unordered_set<std::uint64_t> of_other(others.begin(), others.end());
  std::size_t in_both = 0;
  for (const std::uint64_t word : of_one) in_both += of_other.contains(word) ? 1 : 0;
  const std::size_t in_either = of_one.size() + of_other.size() - in_both;
  return in_either == 0 ? 1 : static_cast<double>(in_both) / static_cast<double>(in_either);
}

std::size_t longest_common_run(const Words& words, const Words& source, std::size_t most_places) {
  const auto found = run_in_one_pass(words.hashes(), source.hashes(), most_places);
  return found ? *found : run_by_halving(words, source);
}

SharedWords shared_words(const Words& reply, const Words& source) {
  SharedWords shared;
  shared.longest_run =
      longest_common_run(reply, source, kPlacesOfAWord * (reply.count() + source.count()));
  const std::size_t phrase = reply.is_unspaced() ? kCharactersOfAPhrase : kWordsOfAPhrase;
  shared.phrase_share = share_of_windows(reply, source, phrase);
  return shared;
}

bool is_pieced_together(const Words& reply, const SharedWords& shared) {
  if (reply.count() < kShortestRun) return false;
  const std::size_t copied_run = reply.is_unspaced() ? kCharactersOfACopy : kWordsOfACopy;
  return shared.longest_run >= copied_run || shared.phrase_share >= 0.5;
}

}  // namespace rare::distill
