// Which backslashes of a string are escapes of JSON, and which are meant as they stand: models that
// write LaTeX or regular expressions inside JSON often forget to double them, and JSON then takes
// \frac for a form feed and "rac", \nabla for a line break and "abla".
#pragma once

#include <cstddef>
#include <string_view>

namespace rare::llm {

// Of one string's contents, as they stand between its quotes. Keeps a view of them.
class LatexEscapes {
 public:
  explicit LatexEscapes(std::string_view raw);
  // Whether the backslash at `at` and what follows is to be read as JSON does. Nobody means a form
  // feed, a backspace, or a carriage return before a letter. \n and \t begin a command when the
  // letters make one (\nabla, \theta), and where those may be a word, too (\nu, \to), only in a
  // string that shows LaTeX elsewhere; in one whose other commands are doubled, JSON is right.
  bool is_escape(std::size_t at) const;
  // Whether two backslashes are meant as two, a line's end in LaTeX: where no other one is doubled,
  // and some of them cannot be escapes.
  bool keeps_pairs() const { return careless_ && !doubled_; }

 private:
  bool is_known_escape(std::size_t at) const;
  bool is_control_escape(std::size_t at) const;

  std::string_view raw_;
  bool careless_ = false;  // some backslash cannot be an escape
  bool doubled_ = false;   // some command is doubled
  bool math_ = false;      // a dollar sign
};

}  // namespace rare::llm
