// Which parts of a text are marked: words of a question, and what is searched for.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "terminal_text.h"

namespace rare::look {

// The words of a question, to be found in passages. Thread-safety: immutable values.
class QuestionWords {
 public:
  QuestionWords() = default;
  explicit QuestionWords(std::string_view question);
  // In order, apart from each other: words of three letters or more, whatever their case; in
  // writing without spaces, pairs of neighbours.
  std::vector<TextRange> in(std::string_view text) const;

 private:
  std::set<std::string> words_;
};

// What is typed to search by: any case finds any, unless there is a capital letter (ASCII) in it.
class Needle {
 public:
  Needle() = default;
  explicit Needle(std::string text);
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  // From `from` on; npos: nowhere.
  std::size_t find(std::string_view in, std::size_t from = 0) const;
  // Those that have a byte in the range.
  std::vector<TextRange> all_in(std::string_view text, TextRange range) const;

 private:
  std::string text_;
  bool any_case_ = true;
};

}  // namespace rare::look
