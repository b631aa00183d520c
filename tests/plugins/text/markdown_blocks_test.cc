#include <string>
#include <vector>

#include "catch.h"
#include "text_blocks.h"

using rare::text::markdown_blocks;
using rare::text::plain_blocks;
using rare::text::TextBlock;

namespace {

std::vector<std::string> texts(std::string_view text, const std::vector<TextBlock>& blocks) {
  std::vector<std::string> found;
  for (const TextBlock& block : blocks) {
    found.emplace_back(text.substr(block.begin, block.end - block.begin));
  }
  return found;
}

}  // namespace

TEST_CASE("plain text falls into paragraphs at empty lines") {
  const std::string text = "\n  One line.\nAnother.\n \t\nNext.\r\n\r\nLast.\n\n\n";
  CHECK(texts(text, plain_blocks(text)) ==
        std::vector<std::string>{"One line.\nAnother.", "Next.", "Last."});
  CHECK(plain_blocks("").empty());
  CHECK(plain_blocks(" \n\t\n").empty());
}

TEST_CASE("Markdown falls into headings, paragraphs, items and code, with their marks") {
  const std::string text =
      "# Ice `I`\n\nIt floats.\nAlways.\n\nUnder\n=====\n\n- one\n- two\n\n  more\n\n> said "
      "*she*\n\n"
      "```c\nint x;\n\nint y;\n```\n\n***\n\n    indented\n\n<div>\nraw\n</div>\n";
  const std::vector<TextBlock> blocks = markdown_blocks(text);
  CHECK(texts(text, blocks) ==
        std::vector<std::string>{"# Ice `I`", "It floats.\nAlways.", "Under\n=====", "- one",
                                 "- two", "more", "> said *she*", "```c\nint x;\n\nint y;\n```",
                                 "indented", "<div>\nraw\n</div>"});
  CHECK(blocks[0].kind == TextBlock::Kind::heading);
  CHECK(blocks[0].title == "Ice I");
  CHECK(blocks[0].level == 1);
  CHECK(blocks[2].title == "Under");
  CHECK(blocks[1].kind == TextBlock::Kind::prose);
  CHECK(blocks[7].kind == TextBlock::Kind::verbatim);
}

TEST_CASE("front matter is no block, and what only looks like it is") {
  const std::string text = "---\ntitle: Ice\n---\nIt floats.\n";
  CHECK(texts(text, markdown_blocks(text)) == std::vector<std::string>{"It floats."});
  const std::string open = "---\n\nIt floats.\n";
  CHECK(texts(open, markdown_blocks(open)) == std::vector<std::string>{"It floats."});
  CHECK(markdown_blocks("---\na: b\n---").empty());
  CHECK(markdown_blocks("").empty());
}

TEST_CASE("other line ends, bytes that are not UTF-8 and deep nesting are no trap") {
  const std::string text = "# A\r\n\r\nOne.\r\rTwo \xff\xfe.\r\n";
  CHECK(texts(text, markdown_blocks(text)) ==
        std::vector<std::string>{"# A", "One.", "Two \xff\xfe."});
  const std::string deep(2000, '>');
  CHECK(markdown_blocks(deep + " x").size() == 1);
  const std::string lists = "- - - one\n- two";
  CHECK(texts(lists, markdown_blocks(lists)) == std::vector<std::string>{"- - - one", "- two"});
}
