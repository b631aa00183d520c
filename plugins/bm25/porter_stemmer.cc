#include "plugins/bm25/porter_stemmer.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace rare::bm25 {
namespace {

struct Rule {
  std::string_view suffix;
  std::string_view replacement;
};

// Within a list the first suffix that fits decides, whether or not its condition then holds; so a
// longer one stands before its own ending.
constexpr Rule kDoubleSuffixes[] = {
    {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"}, {"eli", "e"},     {"ousli", "ous"},
    {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},  {"alism", "al"},  {"iveness", "ive"},
    {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"}, {"biliti", "ble"},
    {"logi", "log"}};
constexpr Rule kFullSuffixes[] = {{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"},
                                  {"ical", "ic"},  {"ful", ""},   {"ness", ""}};
constexpr std::string_view kLastSuffixes[] = {"al",  "ance",  "ence", "er",  "ic",  "able", "ible",
                                              "ant", "ement", "ment", "ent", "ion", "ou",   "ism",
                                              "ate", "iti",   "ous",  "ive", "ize"};

// The word while it is stemmed: word_[0, length_), of which [0, stem_) stands before the suffix
// that matched last.
template <class Char>
class Stemmer {
 public:
  Stemmer(Char* word, std::size_t length) : word_(word), length_(length), stem_(length) {}

  std::size_t run() {
    plurals_and_participles();
    final_y();
    replace_where_measured(kDoubleSuffixes);
    replace_where_measured(kFullSuffixes);
    last_suffix();
    final_e_and_double_l();
    return length_;
  }

 private:
  bool is_consonant(std::size_t at) const {
    switch (word_[at]) {
      case 'a':
      case 'e':
      case 'i':
      case 'o':
      case 'u':
        return false;
      case 'y':
        return at == 0 || !is_consonant(at - 1);
      default:
        return true;
    }
  }

  // The paper's m: how often a vowel is followed by a consonant in the first `end` characters.
  int measure(std::size_t end) const {
    int count = 0;
    bool after_vowel = false;
    for (std::size_t i = 0; i < end; ++i) {
      // A y after a y is the only place where the look back recurses: carry the answer instead.
      const bool consonant = word_[i] == 'y' ? (i == 0 || after_vowel) : is_consonant(i);
      if (consonant && after_vowel) ++count;
      after_vowel = !consonant;
    }
    return count;
  }

  bool stem_has_vowel() const {
    bool after_vowel = false;
    for (std::size_t i = 0; i < stem_; ++i) {
      const bool consonant = word_[i] == 'y' ? (i == 0 || after_vowel) : is_consonant(i);
      if (!consonant) return true;
      after_vowel = !consonant;
    }
    return false;
  }

  bool ends_in_double_consonant() const {
    return length_ >= 2 && word_[length_ - 1] == word_[length_ - 2] && is_consonant(length_ - 1);
  }

  // Consonant, vowel, consonant other than w, x, y before `end`: hop, but not snow.
  bool ends_short(std::size_t end) const {
    if (end < 3 || !is_consonant(end - 1) || is_consonant(end - 2) || !is_consonant(end - 3)) {
      return false;
    }
    const Char last = word_[end - 1];
    return last != 'w' && last != 'x' && last != 'y';
  }

  bool ends_with(std::string_view suffix) {
    if (suffix.size() > length_) return false;
    const std::size_t begin = length_ - suffix.size();
    for (std::size_t i = 0; i < suffix.size(); ++i) {
      if (word_[begin + i] != static_cast<Char>(suffix[i])) return false;
    }
    stem_ = begin;
    return true;
  }

  void replace_suffix(std::string_view replacement) {
    std::copy(replacement.begin(), replacement.end(), word_ + stem_);
    length_ = stem_ + replacement.size();
  }

  // Step 1a and 1b.
  void plurals_and_participles() {
    if (ends_with("sses")) {
      length_ -= 2;
    } else if (ends_with("ies")) {
      replace_suffix("i");
    } else if (word_[length_ - 1] == 's' && word_[length_ - 2] != 's') {
      --length_;
    }
    if (ends_with("eed")) {
      if (measure(stem_) > 0) --length_;
    } else if ((ends_with("ed") || ends_with("ing")) && stem_has_vowel()) {
      length_ = stem_;
      mend_participle();
    }
  }

  void mend_participle() {
    if (ends_with("at") || ends_with("bl") || ends_with("iz")) {
      stem_ = length_;
      replace_suffix("e");
    } else if (ends_in_double_consonant()) {
      const Char last = word_[length_ - 1];
      if (last != 'l' && last != 's' && last != 'z') --length_;
    } else if (measure(length_) == 1 && ends_short(length_)) {
      stem_ = length_;
      replace_suffix("e");
    }
  }

  // Step 1c.
  void final_y() {
    if (ends_with("y") && stem_has_vowel()) word_[length_ - 1] = 'i';
  }

  // Steps 2 and 3.
  void replace_where_measured(std::span<const Rule> rules) {
    for (const Rule& rule : rules) {
      if (!ends_with(rule.suffix)) continue;
      if (measure(stem_) > 0) replace_suffix(rule.replacement);
      return;
    }
  }

  // Step 4.
  void last_suffix() {
    for (const std::string_view suffix : kLastSuffixes) {
      if (!ends_with(suffix)) continue;
      if (suffix == "ion" && (stem_ == 0 || (word_[stem_ - 1] != 's' && word_[stem_ - 1] != 't'))) {
        continue;
      }
      if (measure(stem_) > 1) length_ = stem_;
      return;
    }
  }

  // Step 5.
  void final_e_and_double_l() {
    const int m = measure(length_);
    if (word_[length_ - 1] == 'e' && (m > 1 || (m == 1 && !ends_short(length_ - 1)))) --length_;
    if (word_[length_ - 1] == 'l' && ends_in_double_consonant() && m > 1) --length_;
  }

  Char* word_;
  std::size_t length_;
  std::size_t stem_;
};

template <class Char>
std::size_t stem(Char* word, std::size_t length) {
  if (length < 3) return length;
  return Stemmer<Char>(word, length).run();
}

}  // namespace

std::size_t porter_stem(char* word, std::size_t length) { return stem(word, length); }
std::size_t porter_stem(char16_t* word, std::size_t length) { return stem(word, length); }

}  // namespace rare::bm25
