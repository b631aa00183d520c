#include "sentence_cut.h"

#include <string>

#include "catch.h"

using rare::distill::count_characters;
using rare::distill::cut_at_sentence;

TEST_CASE("a text that fits stays whole") {
  CHECK(cut_at_sentence("One. Two.", 9) == "One. Two.");
  CHECK(cut_at_sentence("", 5).empty());
}

TEST_CASE("a long text ends with the last whole sentence within the limit") {
  CHECK(cut_at_sentence("One two. Three four! Five six? Seven", 33) ==
        "One two. Three four! Five six?");
  CHECK(cut_at_sentence("One two. Three four! Five six? Seven", 29) == "One two. Three four!");
}

TEST_CASE("a full stop inside a number or a name ends no sentence") {
  CHECK(cut_at_sentence("It is one. It's 3.14159 wide", 19) == "It is one.");
}

TEST_CASE("without a sentence's end in its second half, it ends with a word, or with a character") {
  CHECK(cut_at_sentence("Hi. one two three four five six", 20) == "Hi. one two three");
  CHECK(cut_at_sentence("abcdefghij", 4) == "abcd");
}

TEST_CASE("characters are counted, not bytes, and never torn") {
  const std::string text = "\u00e9\u00e9\u00e9\u00e9";
  CHECK(count_characters(text) == 4);
  CHECK(cut_at_sentence(text, 3) == "\u00e9\u00e9\u00e9");
  CHECK(cut_at_sentence("\u4e00\u4e8c\u3002\u4e09\u56db", 4) == "\u4e00\u4e8c\u3002");
}

TEST_CASE("a text of a megabyte is cut where its limit is") {
  std::string text;
  while (text.size() < 1024 * 1024) text += "A sentence of some words stands here. ";
  const std::string_view kept = cut_at_sentence(text, 32000);
  CHECK(kept.size() <= 32000);
  CHECK(kept.size() > 31900);
  CHECK(kept.ends_with("here."));
}
