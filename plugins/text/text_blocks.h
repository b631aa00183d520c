// Blocks of a text: paragraphs, headings, code. They do not overlap, stand in the text's order, and
// hold no line break at either end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rare::text {

struct TextBlock {
  enum class Kind {
    prose,
    heading,
    verbatim,  // code, HTML: its lines are what may be parted
  };
  Kind kind = Kind::prose;
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  int level = 0;           // of a heading, from 1
  std::string title = {};  // of a heading, without its marks
};

// Paragraphs between empty lines.
std::vector<TextBlock> plain_blocks(std::string_view text);

// The leaf blocks of CommonMark (0.30), with the marks of the lists and quotations around them.
// YAML front matter, between lines of --- at the very beginning, is no block, nor is a line that
// only parts.
std::vector<TextBlock> markdown_blocks(std::string_view text);

}  // namespace rare::text
