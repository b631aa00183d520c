#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "english_words.h"
#include "open_references.h"

namespace rare::distill {

namespace {

using english::any_part;
using english::is_mark;
using english::kKnown;
using english::kNumber;
using english::kOrdinal;
using english::kPartOfText;
using english::kPreposition;
using english::kSeveral;
using english::kTold;
using english::root;
using english::speaks_of;
using english::Word;
using english::words_in;

// The same, or one the beginning of the other: "rail" and "railway".
bool are_kin(std::string_view one, std::string_view other) {
  constexpr std::size_t kLeast = 4;
  const std::size_t shorter = std::min(one.size(), other.size());
  if (one.size() != other.size() && shorter < kLeast) return false;
  return one.substr(0, shorter) == other.substr(0, shorter);
}

class EnglishReader {
 public:
  EnglishReader(std::string_view question, std::string_view situation, std::string_view document)
      : words_(words_in(question)), situation_(words_in(situation)), document_(document) {
    roots_.reserve(words_.size() + situation_.size());
    for (const Word& word : situation_) introduce(word);
  }

  std::vector<OpenReference> read() {
    read_pronouns();
    for (std::size_t i = 0; i < words_.size();) {
      read_pointer(i);
      const std::size_t next = is_determiner(i) ? read_noun_phrase(i) : read_told(i);
      for (; i < next; ++i) introduce(words_[i]);
    }
    return std::move(found_);
  }

 private:
  // A noun phrase from its determiner on: "the | other two | sellers contrasted | here". Places of
  // words.
  struct NounPhrase {
    std::size_t determiner = 0;
    std::size_t words = 0;  // behind ordinals and numbers; those with content, at most three
    std::size_t end = 0;
    bool is_proper = false;
    bool is_introduced = false;  // one of its first two words stands in situation or question
    bool is_bare() const { return words == end; }
  };

  std::string_view word(std::size_t i) const {
    return i < words_.size() ? std::string_view(words_[i].text) : "?";
  }
  bool is(std::size_t i, unsigned classes) const {
    return i < words_.size() && (words_[i].classes & classes) != 0;
  }
  bool is_one_of(std::size_t i, std::initializer_list<std::string_view> texts) const {
    return std::find(texts.begin(), texts.end(), word(i)) != texts.end();
  }
  bool has_content(std::size_t i) const {
    return i < words_.size() && words_[i].has_content() && !is_mark(words_[i]);
  }
  bool ends_clause(std::size_t i) const { return i >= words_.size() || is_mark(words_[i]); }
  bool has_before_words(const NounPhrase& phrase, unsigned classes) const {
    for (std::size_t i = phrase.determiner + 1; i < phrase.words; ++i) {
      if (is(i, classes)) return true;
    }
    return false;
  }

  void introduce(const Word& word) {
    if ((word.classes & kSeveral) != 0) has_several_ = true;
    if (!word.has_content()) return;
    any_part(word.text, [&](std::string_view part) { return roots_.push_back(root(part)), false; });
  }
  bool introduced(std::size_t i) const {
    return any_part(word(i), [&](std::string_view part) {
      const std::string_view wanted = root(part);
      return std::any_of(roots_.begin(), roots_.end(),
                         [&](std::string_view known) { return are_kin(known, wanted); });
    });
  }
  bool in_document(std::size_t i) const {
    return any_part(word(i),
                    [&](std::string_view part) { return speaks_of(document_, root(part)); });
  }
  void note(double weight, std::size_t begin, std::size_t end) {
    std::string phrase;
    for (std::size_t i = begin; i < end && !ends_clause(i); ++i) {
      phrase += (phrase.empty() ? "" : " ") + words_[i].text;
    }
    found_.push_back({std::move(phrase), weight});
  }

  void read_pronouns();
  bool is_determiner(std::size_t i) const;
  void read_pointer(std::size_t i);
  std::size_t read_told(std::size_t i);
  std::size_t read_noun_phrase(std::size_t i);
  NounPhrase noun_phrase(std::size_t i) const;
  bool is_part_of_text(const NounPhrase& phrase) const;
  double weight_of(const NounPhrase& phrase) const;
  double weight_of_one_of_several(const NounPhrase& phrase) const;
  double weight_of_unknown(const NounPhrase& phrase) const;

  std::vector<Word> words_, situation_;
  std::string_view document_;
  std::vector<std::string_view> roots_;  // of what has been introduced so far
  bool has_several_ = false;
  std::vector<OpenReference> found_;
};

// "it" before anything that it could stand for, and "there" without a place.
void EnglishReader::read_pronouns() {
  bool seen = false, seen_place = false, opens_with_preposition = false, begins_clause = true;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (ends_clause(i)) {
      // "On a lossy link, why does it": the link only says where.
      if (word(i) == "," && opens_with_preposition) seen = false;
      opens_with_preposition = false;
      begins_clause = true;
      continue;
    }
    if (std::exchange(begins_clause, false)) opens_with_preposition = is(i, kPreposition);
    // "they" are mostly people, whom a situation has.
    const bool is_people = is_one_of(i, {"they", "them", "their"});
    if (!seen && (is_people || is_one_of(i, {"it", "its", "itself"}))) {
      note(is_people ? 0.4 : 0.6, i, i + 1);
      seen = true;
    }
    const bool ends_with_there = word(i) == "there" && i > 0 && ends_clause(i + 1);
    if (ends_with_there && !seen_place &&
        !is_one_of(i - 1, {"over", "out", "up", "down", "in", "from", "near"})) {
      note(0.8, i, i + 1);
    }
    seen = seen || has_content(i);
    seen_place = seen_place || is_one_of(i, {"in", "at", "on", "where", "near"});
  }
}

bool EnglishReader::is_determiner(std::size_t i) const {
  if (word(i) == "that") return i > 0 && is(i - 1, kPreposition);
  return is_one_of(i, {"the", "those", "these", "this"});
}

// "of these" and "no such phrase", which point at what should have been named.
void EnglishReader::read_pointer(std::size_t i) {
  if (is_one_of(i, {"these", "those"}) && i > 0 && word(i - 1) == "of" && !has_content(i + 1) &&
      !is(i + 1, kNumber)) {
    note(0.5, i - 1, i + 1);
  }
  if (word(i) != "such" || word(i + 1) == "as") return;
  const std::size_t noun = is_one_of(i + 1, {"a", "an"}) ? i + 2 : i + 1;
  if (has_content(noun) && !introduced(noun)) note(0.6, i, noun + 1);
}

// "as claimed", "the weaknesses just mentioned", "contrasted here". Returns where to go on.
std::size_t EnglishReader::read_told(std::size_t i) {
  const bool is_told = i > 0 && is(i, kTold) && word(i) != "given";
  if (!is_told || introduced(i)) return i + 1;
  const bool is_aside = is_one_of(i - 1, {"as", "just", "already"});
  const bool ends = ends_clause(i + 1) || word(i + 1) == "here";
  if (is_aside || (ends && has_content(i - 1))) note(1.0, i - 1, i + 1);
  return i + 1;
}

EnglishReader::NounPhrase EnglishReader::noun_phrase(std::size_t i) const {
  NounPhrase phrase;
  phrase.determiner = i;
  std::size_t at = i + 1;
  while (is(at, kOrdinal | kNumber) ||
         is_one_of(at, {"same", "more", "most", "only", "very", "own"})) {
    ++at;
  }
  phrase.words = at;
  constexpr std::size_t kLongest = 3;
  for (; has_content(at) && at < phrase.words + kLongest; ++at) {
    phrase.is_proper = phrase.is_proper || words_[at].is_proper;
    const bool may_be_head = at + 1 < phrase.words + kLongest;
    phrase.is_introduced = phrase.is_introduced || (may_be_head && introduced(at));
  }
  phrase.end = at;
  return phrase;
}

std::size_t EnglishReader::read_noun_phrase(std::size_t i) {
  const NounPhrase phrase = noun_phrase(i);
  if (phrase.is_bare() && word(phrase.end) == "one") {
    const std::size_t after = phrase.end + 1;
    if (word(after) == "about" || is(after, kTold)) note(1.0, i, after + 1);
    return after;
  }
  if (phrase.end == i + 1) return phrase.end;
  const double weight = phrase.is_proper ? 0 : weight_of(phrase);
  if (weight > 0) note(weight, i, phrase.end);
  return phrase.end;
}

bool EnglishReader::is_part_of_text(const NounPhrase& phrase) const {
  if (phrase.is_introduced) return false;
  for (std::size_t i = phrase.words; i < std::min(phrase.words + 2, phrase.end); ++i) {
    // What the document itself speaks of is a thing of its subject.
    if (!is(i, kPartOfText) || in_document(i)) continue;
    return !(is_one_of(i, {"author", "writer", "narrator", "passage", "title"}) &&
             is_one_of(phrase.end, {"of", "from", "through", "between"}));
  }
  return false;
}

double EnglishReader::weight_of(const NounPhrase& phrase) const {
  if (is_part_of_text(phrase)) return 1.0;
  // "the papers listed above the stamp" is a place on the wall.
  const bool says_where = is_one_of(phrase.end, {"above", "below", "under", "beneath", "over"}) &&
                          is_determiner(phrase.end + 1);
  for (std::size_t i = phrase.words + 1; i < phrase.end && !says_where; ++i) {
    if (is(i, kTold) && !introduced(i)) return 1.0;
  }
  const bool is_one_of_several = has_before_words(phrase, kOrdinal | kNumber);
  if (is_one_of_several && word(phrase.determiner) == "the")
    return weight_of_one_of_several(phrase);
  return weight_of_unknown(phrase);
}

double EnglishReader::weight_of_one_of_several(const NounPhrase& phrase) const {
  for (std::size_t i = phrase.determiner + 1; i < phrase.words; ++i) {
    if (is_one_of(i, {"other", "others", "remaining"})) return has_several_ ? 0 : 1.0;
  }
  if (phrase.is_bare()) {
    const bool is_named = phrase.end < words_.size() && words_[phrase.end].is_proper;
    if (has_several_ || is_named || word(phrase.end) == "of") return 0;
    return ends_clause(phrase.end) ? 0.8 : 0.5;
  }
  const bool is_ordinary =
      is(phrase.words, kKnown) || is_one_of(phrase.words, {"case", "place", "step", "stage"});
  if (phrase.is_introduced || is_ordinary) return 0;
  if (has_before_words(phrase, kNumber)) return has_several_ ? 0.5 : 1.0;
  return is_one_of(phrase.end, {"that", "which", "who", "where", "whose"}) ? 0 : 0.8;
}

double EnglishReader::weight_of_unknown(const NounPhrase& phrase) const {
  if (phrase.is_bare() || phrase.is_introduced) return 0;
  if (word(phrase.determiner + 1) == "same") return 0;
  if (word(phrase.end) == "one") return 0.8;
  if (is(phrase.words, kKnown) || word(phrase.words).ends_with("est")) return 0;
  if (is_one_of(phrase.determiner, {"that", "those"})) return 0.8;
  if (is_one_of(phrase.determiner, {"this", "these"})) {
    // Such words take up what was told, whatever it was.
    const bool is_later_sentence =
        std::any_of(words_.begin(), words_.begin() + static_cast<long>(phrase.determiner),
                    [](const Word& before) { return before.text == "?"; });
    const bool takes_up =
        is_one_of(phrase.words, {"case", "situation", "problem", "change", "happen"});
    return is_later_sentence || takes_up ? 0 : 0.5;
  }
  if (is_one_of(phrase.end, {"of", "that", "which", "who", "where", "whose"})) return 0;
  const bool told_by_document =
      in_document(phrase.words) || (phrase.words + 1 < phrase.end && in_document(phrase.words + 1));
  return told_by_document ? 0.5 : 0.3;
}

}  // namespace

std::vector<OpenReference> english_references(std::string_view question, std::string_view situation,
                                              std::string_view document) {
  return EnglishReader(question, situation, document).read();
}

double weight_of_brevity_english(std::string_view situation) {
  const auto count = std::count(situation.begin(), situation.end(), ' ') + 1;
  return count <= 16 ? 0.5 : count <= 22 ? 0.2 : 0;
}

}  // namespace rare::distill
