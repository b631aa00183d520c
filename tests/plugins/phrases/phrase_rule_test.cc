#include "plugins/phrases/phrase_rule.h"

#include "catch.h"

using rare::phrases::PhraseRule;
using rare::phrases::plain_clauses;
using rare::phrases::Script;

namespace {

const PhraseRule::Groups kGroups = {{"text", {"passage", "case_study"}}, {"字", {"文章", "短文"}}};

std::string found_in(const std::string& row, const std::string& text,
                     Script script = Script::words) {
  const std::string clauses = plain_clauses(text, script);
  return std::string(PhraseRule(row, kGroups, script).find(clauses));
}

}  // namespace

TEST_CASE("clauses are words or characters, with marks between them") {
  CHECK(plain_clauses("Why, in \"Section 4.2\"?", Script::words) == ". why . in section 4.2 . ");
  CHECK(plain_clauses("the author\u2019s well-known...", Script::words) ==
        ". the author s well known . ");
  CHECK(plain_clauses("《图 2》，文中？", Script::characters) == ".图2.文中.");
  CHECK(plain_clauses("", Script::words) == ". ");
  CHECK(plain_clauses("\xe6\x96", Script::characters) == ".\xe6\x96.");
}

TEST_CASE("a rule finds its first phrase, of whole words") {
  const auto [row, text, phrase] = GENERATE(table<std::string, std::string, std::string>({
      {"the @text", "In the passage of the case study", "the passage"},
      {"the @text", "In the case study", "the case study"},
      {"the @text", "bathe passages", ""},
      {"the @text !of", "the passage of time and the passage", "the passage"},
      {"<!be listed", "to be listed, as listed", "listed"},
      {"the last? @text", "the last passage", "the last passage"},
      {"the last? @text", "the passage", "the passage"},
      {"figure #", "see figure 2b or figure it out", "figure 2b"},
      {"figure #", "figure it out", ""},
      {"a ~2 book", "a very old book", "a very old book"},
      {"a ~2 book", "a very old red book", ""},
      {"a ~2 book", "a dog, the book", ""},
      {". the end", "at the end, the end", "the end"},
      {"listed .", "listed here, all listed", "listed"},
  }));
  CHECK(found_in(row, text) == phrase);
}

TEST_CASE("a rule finds characters wherever they stand") {
  const auto [row, text, phrase] = GENERATE(table<std::string, std::string, std::string>({
      {"这 篇? @字", "在这篇文章里", "这篇文章"},
      {"<!的 @字", "写的文章，短文", "短文"},
      {"图 #", "地图和图2", "图2"},
      {"一 ~3 @字", "一篇很短的文章", ""},
      {"一 ~4 @字", "一篇很短的文章", "一篇很短的文章"},
      {"上文 !化", "上文化课", ""},
  }));
  CHECK(found_in(row, text, Script::characters) == phrase);
}
