// Rules about phrases, as data: what a text says when it speaks of another text.
#pragma once

#include <bitset>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rare::phrases {

// How a text becomes what rules are matched against.
enum class Script {
  words,       // lower-case words, each followed by a space; a clause's end is the word "."
  characters,  // characters one after the other; a clause's end is "."
};

// Begins and ends with a clause's end. Quotation marks and brackets are left out.
std::string plain_clauses(std::string_view text, Script script);

// Whether there may be Chinese characters: sequences that begin with bytes with which few others
// do.
bool may_be_chinese(std::string_view text);

// One rule, a row of elements with spaces between them:
//   a|b        one of these; `_` stands for a space; `.` is a clause's end
//   @name      in place of an alternative: those of a group
//   #          a number (of digits)
//   a|b?       may be left out
//   ~3         up to three words or characters of one clause, no determiners among them
//   !a|b       not followed by one of these
//   <!a|b      not preceded by one of these
// Thread-safety: const after its making.
class PhraseRule {
 public:
  using Groups = std::map<std::string, std::vector<std::string>, std::less<>>;

  // REQUIRES: a rule of this form, whose groups are there.
  PhraseRule(std::string_view row, const Groups& groups, Script script);

  // The first phrase of `clauses` that the rule matches; empty: none. It views `clauses`.
  std::string_view find(std::string_view clauses) const;
  // The phrase that begins at `at`; empty: none.
  std::string_view phrase_at(std::string_view clauses, std::size_t at) const;
  // Whether words (or characters) begin at `at`, as phrases do.
  bool may_begin_at(std::string_view clauses, std::size_t at) const;
  bool may_begin_with(unsigned char byte) const { return first_bytes_[byte]; }

 private:
  enum class Kind { one_of, gap, not_before, not_after };
  struct Element {
    Kind kind = Kind::one_of;
    std::vector<std::string> alternatives = {};
    bool optional = false;
    bool number = false;      // of one_of
    std::size_t longest = 0;  // of a gap
  };
  static constexpr std::size_t kNone = std::string_view::npos;

  // Where the match of the elements from `index` on ends, or kNone.
  std::size_t match(std::string_view clauses, std::size_t at, std::size_t index) const;
  std::size_t match_one_of(const Element& element, std::string_view clauses, std::size_t at,
                           std::size_t index) const;
  // Past the word or character at `at`, or kNone where a gap must end.
  std::size_t past_unit(std::string_view clauses, std::size_t at) const;

  void note_first_bytes();

  Script script_;
  std::vector<Element> elements_;
  std::bitset<256> first_bytes_;  // with which a match can begin: most places need no closer look
};

// Rules of one script, of which the first in their order that matches anywhere counts. They are
// tried together, so that a text is gone through once and not once for each rule.
// Thread-safety: const after its making.
class PhraseRules {
 public:
  PhraseRules() = default;
  explicit PhraseRules(std::vector<PhraseRule> rules);

  // That rule's first phrase of `clauses`, which it views; empty: no rule matches.
  std::string_view find(std::string_view clauses) const;

 private:
  std::vector<PhraseRule> rules_;
  std::vector<std::vector<std::size_t>> beginning_with_;  // rules by their first byte, in order
};

}  // namespace rare::phrases
