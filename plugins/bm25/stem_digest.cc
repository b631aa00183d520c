#include "plugins/bm25/stem_digest.h"

#include <libstemmer.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <vector>

#include "plugins/bm25/code_points.h"
#include "plugins/bm25/index_format.h"

namespace rare::bm25 {
namespace {

// Letters of a writing, as ranges of code points.
struct Letters {
  char32_t first, last;
};
constexpr Letters kPlainLatin{U'a', U'z'};
constexpr Letters kAccentedLatin{0xDF, 0x17F};

// Languages that are not, or not only, written in Latin letters.
Letters letters_of(std::string_view language) {
  if (language == "arabic") return {0x621, 0x64A};
  if (language == "armenian") return {0x561, 0x587};
  if (language == "greek") return {0x3AC, 0x3CE};
  if (language == "hindi" || language == "nepali") return {0x905, 0x94D};
  if (language == "russian" || language == "serbian") return {0x430, 0x45F};
  if (language == "tamil") return {0xB85, 0xBCD};
  if (language == "yiddish") return {0x5D0, 0x5EA};
  return kAccentedLatin;
}

class StemCollector {
 public:
  explicit StemCollector(const std::string& language)
      : stemmer_(sb_stemmer_new(language.c_str(), "UTF_8"), sb_stemmer_delete) {
    if (!stemmer_) throw std::runtime_error("libstemmer cannot make its stemmer for " + language);
  }

  void add(const std::string& word) {
    const auto* symbols = reinterpret_cast<const sb_symbol*>(word.data());
    const sb_symbol* stem = sb_stemmer_stem(stemmer_.get(), symbols, static_cast<int>(word.size()));
    if (stem == nullptr) throw std::bad_alloc();
    stems_.append(reinterpret_cast<const char*>(stem),
                  static_cast<std::size_t>(sb_stemmer_length(stemmer_.get())));
    stems_ += '\n';
  }
  std::uint64_t digest() const { return term_hash(stems_.data(), stems_.size()); }

 private:
  std::unique_ptr<sb_stemmer, void (*)(sb_stemmer*)> stemmer_;
  std::string stems_;
};

void append_letters(Letters range, std::vector<std::string>& letters) {
  for (char32_t letter = range.first; letter <= range.last; ++letter) {
    append_utf8(letter, letters.emplace_back());
  }
}

std::string computed_digest(const std::string& language) {
  std::vector<std::string> letters;
  append_letters(kPlainLatin, letters);
  const std::size_t plain = letters.size();
  const Letters own = letters_of(language);
  append_letters(own, letters);
  // Long enough that an ending is not taken for a part of the stem.
  const std::string other = letters.back() + letters[letters.size() - 2];
  StemCollector stems(language);
  for (std::size_t first = 0; first < letters.size(); ++first) {
    for (std::size_t second = 0; second < letters.size(); ++second) {
      // No language has so many accents that they follow each other.
      if (own.first == kAccentedLatin.first && first >= plain && second >= plain) continue;
      stems.add("babab" + letters[first] + letters[second]);
      stems.add(other + other + letters[first] + letters[second]);
    }
  }
  for (std::size_t first = 0; first < plain; ++first) {
    for (std::size_t second = 0; second < plain; ++second) {
      for (std::size_t third = 0; third < plain; ++third) {
        stems.add("babab" + letters[first] + letters[second] + letters[third]);
      }
    }
  }
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x",
                static_cast<unsigned>(stems.digest() & 0xFFFFFFFF));
  return digits.data();
}

}  // namespace

std::string stem_digest(std::string_view language) {
  static std::mutex mutex;
  static std::map<std::string, std::string, std::less<>> known;
  const std::lock_guard lock(mutex);
  const auto at = known.find(language);
  if (at != known.end()) return at->second;
  std::string digest = computed_digest(std::string(language));
  return known.emplace(language, std::move(digest)).first->second;
}

}  // namespace rare::bm25
