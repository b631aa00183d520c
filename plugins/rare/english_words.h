// The words of an English text, and what each of them is to a sentence.
// Thread-safety: any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rare::distill::english {

// What a word is, as bits: it is looked up once.
enum Class : unsigned {
  kFunction = 1U << 0U,
  kPreposition = 1U << 1U,
  kPartOfText = 1U << 2U,  // parts of a text, and who speaks in it
  kTold = 1U << 3U,        // what has been done in a text with what "the ... described" names
  kNumber = 1U << 4U,
  kOrdinal = 1U << 5U,
  kSeveral = 1U << 6U,  // by these others of a kind have been introduced
  // There is one, and everybody knows which; or the word says nothing without what follows it.
  kKnown = 1U << 7U,
};

struct Word {
  std::string text;        // in lower case, without "'s"; "," or "?" for marks that end clauses
  bool is_proper = false;  // a name or a figure, by its letters
  unsigned classes = 0;
  bool has_content() const { return text.size() > 1 && (classes & kFunction) == 0; }
};

bool is_mark(const Word& word);
std::vector<Word> words_in(std::string_view text);

// Words of one root are told by their first letters, their endings left out: "promised", "promise".
// It views the word.
std::string_view root(std::string_view word);

// Whether `known` holds of one of the parts of "aluminium-adjuvanted".
template <class Known>
bool any_part(std::string_view word, Known known) {
  while (!word.empty()) {
    const std::size_t end = std::min(word.find('-'), word.size());
    if (end > 0 && known(word.substr(0, end))) return true;
    word.remove_prefix(std::min(end + 1, word.size()));
  }
  return false;
}

// Whether a word of that root stands in the text.
bool speaks_of(std::string_view text, std::string_view wanted_root);

}  // namespace rare::distill::english
