#include "plugins/look/terminal_text.h"

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "plugins/look/text_marks.h"

namespace rare::look {
namespace {

std::vector<std::string> lines_of(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  for (const TextRange& range : broken(text, columns)) {
    lines.emplace_back(text.substr(range.begin, range.end - range.begin));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST_CASE("lines break at blanks, and within a word that is too long") {
  CHECK(lines_of("the salt of the sea", 8) == Lines{"the salt", "of the", "sea"});
  CHECK(lines_of("the  salt", 4) == Lines{"the", "salt"});
  CHECK(lines_of("abcdefghij kl", 4) == Lines{"abcd", "efgh", "ij", "kl"});
  CHECK(lines_of("a\n\nb\r\nc", 4) == Lines{"a", "", "b", "c"});
  CHECK(lines_of("", 4) == Lines{""});
  CHECK(lines_of("  indented text", 10) == Lines{"  indented", "text"});
  CHECK(lines_of("as long as it is", 0) == Lines{"as long as it is"});
}

TEST_CASE("a terminal of one column is no endless loop") {
  CHECK(lines_of("ab c", 1) == Lines{"a", "b", "c"});
  CHECK(lines_of("猫は", 1) == Lines{"猫", "は"});
}

TEST_CASE("Chinese characters and emoji take two columns, and are parted anywhere") {
  CHECK(columns_of("猫は東") == 6);
  CHECK(columns_of("👍🏽") == 2);
  CHECK(columns_of("👩‍👩‍👧") == 2);
  CHECK(columns_of("🇯🇵🇫🇷") == 4);
  CHECK(columns_of("e\u0301") == 1);
  CHECK(columns_of("☂\uFE0F") == 2);
  CHECK(lines_of("猫は東京にいる", 5) == Lines{"猫は", "東京", "にい", "る"});
  CHECK(fitting("猫は東", 5) == "猫は");
  CHECK(fitting("👩‍👩‍👧!", 2) == "👩‍👩‍👧");
}

TEST_CASE("no line is wider than the terminal") {
  const std::string text =
      "A \t tab, a-very-long-word-that-does-not-fit, 猫は東京にいる, \x1b[31m, 👍🏽 and "
      "e\u0301.";
  for (std::size_t columns = 8; columns < 50; ++columns) {
    for (const std::string& line : lines_of(text, columns)) CHECK(columns_of(line) <= columns);
  }
}

TEST_CASE("what a terminal would obey is told instead") {
  CHECK(shown_text("a\x1b[2Jb") == "a^[[2Jb");
  CHECK(shown_text("\x07\x7f\r") == "^G^?^M");
  CHECK(shown_text("a\u202Eb\u009Bc\u2028") == "a<202E>b<009B>c<2028>");
  CHECK(shown_text("\xff\xc3") == "<FF><C3>");
  CHECK(shown_text("a\tb") == "a    b");
  CHECK(shown_text("猫 é") == "猫 é");
}

TEST_CASE("words of a question are found in a passage, in any case") {
  const QuestionWords words("Why is Salt in the sea? 東京都");
  const std::string passage = "SALT of the Seaside, sea; 東京に";
  Lines found;
  for (const TextRange& range : words.in(passage)) {
    found.push_back(passage.substr(range.begin, range.end - range.begin));
  }
  CHECK(found == Lines{"SALT", "the", "sea", "東京"});
  CHECK(QuestionWords().in(passage).empty());
}

TEST_CASE("small letters find capital ones, capital ones only themselves") {
  CHECK(Needle("salt").find("SALT") == 0);
  CHECK(Needle("Salt").find("salt") == std::string::npos);
  CHECK(Needle("salt").find("a salt, a salt", 3) == 10);
  CHECK(Needle("東").find("猫は東") == 6);
  CHECK(Needle("x").find("") == std::string::npos);
  CHECK(Needle("aa").all_in("aaaa", {1, 2}).size() == 1);
}

}  // namespace
}  // namespace rare::look
