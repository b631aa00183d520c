#include "english_words.h"

#include <array>
#include <cctype>
#include <unordered_map>
#include <unordered_set>

namespace rare::distill::english {

namespace {

using WordSet = std::unordered_set<std::string_view>;

const WordSet& function_words() {
  static const WordSet words{
      "a",         "an",     "the",     "this",     "that",       "these",   "those",     "such",
      "some",      "any",    "no",      "each",     "every",      "all",     "both",      "either",
      "neither",   "one",    "two",     "three",    "four",       "five",    "six",       "seven",
      "eight",     "nine",   "ten",     "first",    "second",     "third",   "fourth",    "fifth",
      "last",      "other",  "another", "same",     "of",         "in",      "on",        "at",
      "by",        "for",    "from",    "to",       "with",       "within",  "without",   "into",
      "onto",      "over",   "under",   "above",    "below",      "between", "among",     "through",
      "during",    "before", "after",   "since",    "until",      "till",    "about",     "against",
      "across",    "along",  "around",  "behind",   "beside",     "besides", "beyond",    "despite",
      "down",      "except", "inside",  "like",     "near",       "off",     "out",       "outside",
      "past",      "per",    "than",    "toward",   "towards",    "up",      "upon",      "via",
      "as",        "and",    "or",      "but",      "nor",        "so",      "yet",       "if",
      "when",      "while",  "where",   "why",      "how",        "what",    "which",     "who",
      "whom",      "whose",  "because", "although", "though",     "unless",  "whether",   "whereas",
      "once",      "is",     "are",     "was",      "were",       "be",      "been",      "being",
      "am",        "do",     "does",    "did",      "done",       "doing",   "has",       "have",
      "had",       "having", "can",     "could",    "will",       "would",   "shall",     "should",
      "may",       "might",  "must",    "ought",    "need",       "not",     "never",     "only",
      "just",      "also",   "even",    "still",    "already",    "ever",    "again",     "too",
      "very",      "more",   "most",    "less",     "least",      "much",    "many",      "few",
      "several",   "own",    "i",       "you",      "he",         "she",     "it",        "we",
      "they",      "me",     "him",     "her",      "us",         "them",    "his",       "hers",
      "its",       "theirs", "their",   "my",       "your",       "our",     "itself",    "himself",
      "herself",   "then",   "now",     "else",     "themselves", "there",   "here",      "instead",
      "rather",    "well",   "really",  "almost",   "always",     "often",   "sometimes", "however",
      "therefore", "thus",   "hence"};
  return words;
}

const WordSet& prepositions() {
  static const WordSet words{
      "of",      "in",      "on",     "at",     "by",      "for",    "from",   "to",      "with",
      "within",  "into",    "onto",   "over",   "under",   "above",  "below",  "between", "among",
      "without", "through", "during", "before", "after",   "since",  "until",  "against", "across",
      "along",   "around",  "behind", "beside", "besides", "beyond", "inside", "like",    "near",
      "outside", "past",    "per",    "toward", "towards", "upon",   "via"};
  return words;
}

// Parts of a text, and who speaks in it.
const WordSet& parts_of_texts() {
  static const WordSet words{
      "example",  "examples",  "anecdote", "claim",      "claims",     "remark",    "remarks",
      "sentence", "sentences", "maxim",    "exception",  "exceptions", "analogy",   "quotation",
      "quote",    "argument",  "metaphor", "comparison", "paragraph",  "heading",   "caption",
      "footnote", "title",     "wording",  "proviso",    "caveat",     "saying",    "slogan",
      "aphorism", "proverb",   "aside",    "parallel",   "premise",    "objection", "passage",
      "text",     "excerpt",   "article",  "document",   "author",     "writer",    "narrator",
      "items",    "list"};
  return words;
}

// What has been done in a text with what "the ... described" names.
const WordSet& told() {
  static const WordSet words{
      "described",  "mentioned",  "quoted",      "reported",    "given",       "listed",
      "cited",      "stated",     "discussed",   "named",       "praised",     "contrasted",
      "claimed",    "explained",  "introduced",  "noted",       "presented",   "outlined",
      "compared",   "criticised", "criticized",  "recommended", "blamed",      "hinted",
      "attributed", "ascribed",   "identified",  "defined",     "illustrated", "referred",
      "alluded",    "enumerated", "highlighted", "singled",     "emphasised",  "emphasized",
      "proposed",   "suggested",  "warned",      "rejected",    "dismissed",   "credited",
      "told",       "supposed"};
  return words;
}

const WordSet& numbers() {
  static const WordSet words{"two",   "three", "four", "five", "six",
                             "seven", "eight", "nine", "ten",  "both"};
  return words;
}

const WordSet& ordinals() {
  static const WordSet words{"first",   "second",    "third",   "fourth",   "fifth",  "last",
                             "latter",  "former",    "final",   "previous", "other",  "later",
                             "earlier", "preceding", "closing", "opening",  "others", "remaining"};
  return words;
}

// By these others of a kind have been introduced.
const WordSet& several_of_a_kind() {
  static const WordSet words{"two",     "three", "four",  "five",   "six",     "both",  "one",
                             "another", "pair",  "twice", "either", "several", "other", "neither"};
  return words;
}

// There is one, and everybody knows which; or the word says nothing without what follows it.
const WordSet& known_to_all() {
  static const WordSet words{
      "sun",      "moon",       "earth",   "sky",      "sea",       "weather", "ground", "public",
      "internet", "government", "future",  "present",  "way",       "time",    "moment", "day",
      "night",    "morning",    "evening", "end",      "beginning", "middle",  "rest",   "whole",
      "fact",     "point",      "reason",  "question", "left",      "right",   "top",    "bottom",
      "north",    "south",      "east",    "west",     "chance",    "odds",    "year",   "opposite",
      "reverse",  "truth",      "ability", "next"};
  return words;
}

unsigned classes_of(std::string_view word) {
  static const auto classes = [] {
    std::unordered_map<std::string_view, unsigned> made;
    const auto add = [&](const WordSet& words, unsigned bit) {
      for (const std::string_view w : words) made[w] |= bit;
    };
    add(function_words(), kFunction);
    add(prepositions(), kPreposition);
    add(parts_of_texts(), kPartOfText);
    add(told(), kTold);
    add(numbers(), kNumber);
    add(ordinals(), kOrdinal);
    add(several_of_a_kind(), kSeveral);
    add(known_to_all(), kKnown);
    return made;
  }();
  const auto at = classes.find(word);
  return at == classes.end() ? 0 : at->second;
}

// Dashes and quotation marks, three bytes each.
constexpr std::string_view kGeneralPunctuation = "\xE2\x80";

bool is_letter_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return std::isalnum(byte) != 0;
  return !text.substr(at).starts_with(kGeneralPunctuation);
}

// The word that begins at `at`, which is moved past it.
Word word_at(std::string_view text, std::size_t& at) {
  Word word;
  const bool begins_upper = std::isupper(static_cast<unsigned char>(text[at])) != 0;
  bool has_digit = false;
  for (; at < text.size(); ++at) {
    const bool joins = text[at] == '-' && at + 1 < text.size() && is_letter_at(text, at + 1);
    if (!joins && !is_letter_at(text, at)) break;
    const auto byte = static_cast<unsigned char>(text[at]);
    has_digit = has_digit || std::isdigit(byte) != 0;
    word.text += static_cast<char>(std::tolower(byte));
  }
  for (const std::string_view possessive : {"'s", "\xE2\x80\x99s"}) {
    if (text.substr(at).starts_with(possessive)) at += possessive.size();
  }
  word.is_proper = has_digit || begins_upper;
  word.classes = classes_of(word.text);
  return word;
}

}  // namespace

bool is_mark(const Word& word) { return word.text == "?" || word.text == ","; }

std::vector<Word> words_in(std::string_view text) {
  std::vector<Word> words;
  words.reserve(text.size() / 5);
  bool begins_sentence = true;
  for (std::size_t at = 0; at < text.size();) {
    if (is_letter_at(text, at)) {
      words.push_back(word_at(text, at));
      const bool has_digit = std::isdigit(static_cast<unsigned char>(words.back().text[0])) != 0;
      if (begins_sentence && !has_digit) words.back().is_proper = false;
      begins_sentence = false;
      continue;
    }
    const char c = text[at];
    const bool ends_sentence = c == '.' || c == '?' || c == '!';
    if (ends_sentence || c == ',' || c == ';' || c == ':') {
      words.push_back({ends_sentence ? "?" : ","});
      begins_sentence = ends_sentence;
    }
    at += text.substr(at).starts_with(kGeneralPunctuation) ? 3 : 1;
  }
  return words;
}

std::string_view root(std::string_view word) {
  constexpr std::array<std::string_view, 17> kEndings = {
      "ations", "ation", "ments", "ment", "ings", "ance", "ence", "edly", "ing",
      "ers",    "ors",   "ies",   "ity",  "ive",  "ed",   "er",   "es"};
  constexpr std::size_t kLetters = 5;
  const auto cut = [&](auto begin, auto end) {
    const auto ending =
        std::find_if(begin, end, [&](std::string_view e) { return word.ends_with(e); });
    if (ending != end) return word.remove_suffix(ending->size()), true;
    return false;
  };
  if (word.size() > kLetters) {
    if (!cut(kEndings.begin(), kEndings.end()) &&
        (word.ends_with("s") || word.ends_with("y") || word.ends_with("e"))) {
      word.remove_suffix(1);
    }
  } else if (word.size() > 3) {
    if (word.ends_with("es")) {
      word.remove_suffix(2);
    } else if (word.ends_with("s") || word.ends_with("e")) {
      word.remove_suffix(1);
    }
  }
  return word.substr(0, kLetters);
}

bool speaks_of(std::string_view text, std::string_view wanted_root) {
  const auto equal = [](char a, char b) { return (a | 0x20) == b; };
  for (auto begin = text.begin();;) {
    begin = std::search(begin, text.end(), wanted_root.begin(), wanted_root.end(), equal);
    if (begin == text.end()) return false;
    auto at = static_cast<std::size_t>(begin - text.begin());
    const bool begins_word = at == 0 || !is_letter_at(text, at - 1);
    const Word word = word_at(text, at);
    if (begins_word && root(word.text) == wanted_root) return true;
    begin += static_cast<long>(wanted_root.size());
  }
}

}  // namespace rare::distill::english
