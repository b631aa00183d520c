#include "text_units.h"

#include "catch.h"

using rare::text::markdown_blocks;
using rare::text::plain_blocks;
using rare::text::TextUnit;
using rare::text::TextUnits;
using rare::text::UnitFinder;

namespace {

std::vector<std::string> texts(std::string_view text, const TextUnits& found) {
  std::vector<std::string> units;
  for (const TextUnit& unit : found.units) {
    units.emplace_back(text.substr(unit.begin, unit.end - unit.begin));
  }
  return units;
}

std::vector<std::string> sentences(const std::string& text, std::size_t max_tokens = 1000) {
  auto finder = UnitFinder::for_language("en");
  REQUIRE(finder.ok());
  return texts(text, finder->find(text, plain_blocks(text), max_tokens));
}

}  // namespace

TEST_CASE("units are sentences, also of writing without spaces") {
  CHECK(sentences("It froze. Did it? Yes! \"So.\" He left.") ==
        std::vector<std::string>{"It froze.", "Did it?", "Yes!", "\"So.\"", "He left."});
  CHECK(sentences("水结冰了。真的吗？是的！他说：“走吧。”然后离开了。") ==
        std::vector<std::string>{"水结冰了。", "真的吗？", "是的！", "他说：“走吧。”",
                                 "然后离开了。"});
}

TEST_CASE("a line's end, a number and an abbreviation end no sentence") {
  CHECK(sentences("It is 3.14\nmetres long, said Dr. Brown.\nNext.") ==
        std::vector<std::string>{"It is 3.14\nmetres long, said Dr. Brown.", "Next."});
  CHECK(sentences("He met Mr. Low at the pier. Why?") ==
        std::vector<std::string>{"He met Mr. Low at the pier.", "Why?"});
  CHECK(sentences("One.\n\nTwo") == std::vector<std::string>{"One.", "Two"});
}

TEST_CASE("a sentence that is too long is parted between words, and a word inside") {
  CHECK(sentences("aaaa bbbb cccc dddd", 2) ==
        std::vector<std::string>{"aaaa", "bbbb", "cccc", "dddd"});
  CHECK(sentences("aaaa bbbb cccc dddd", 3) == std::vector<std::string>{"aaaa bbbb", "cccc dddd"});
  CHECK(sentences("aaaabbbbcccc", 1) == std::vector<std::string>{"aaaa", "bbbb", "cccc"});
  CHECK(sentences("水结冰了", 3) == std::vector<std::string>{"水结冰", "了"});
  CHECK(sentences(std::string(100000, 'x'), 1).size() == 25000);
}

TEST_CASE("headings name the sections from the outermost, and code is parted at its lines") {
  const std::string text = "Before.\n# A\nIn A.\n## B\n```\nx = 1. Y\ny\n```\n# C\nIn C. Too.";
  auto finder = UnitFinder::for_language("en");
  const TextUnits found = finder->find(text, markdown_blocks(text), 1000);
  CHECK(texts(text, found) == std::vector<std::string>{"Before.", "# A", "In A.", "## B", "```",
                                                       "x = 1. Y", "y", "```", "# C", "In C.",
                                                       "Too."});
  using Path = std::vector<std::string>;
  CHECK(found.headings == std::vector<Path>{{}, {"A"}, {"A", "B"}, {"C"}});
  CHECK(found.units[5].section == 2);
  CHECK(found.units[8].opens_section);
}

TEST_CASE("a language that is no tag is refused, and one without abbreviations is none") {
  CHECK(UnitFinder::for_language("zh-Hans").ok());
  CHECK(UnitFinder::for_language("xx").ok());
  CHECK(
      UnitFinder::for_language("not a tag!").status().message() ==
      "language is \"not a tag!\"; expected a tag such as en, de or zh (U_ILLEGAL_ARGUMENT_ERROR)");
}
