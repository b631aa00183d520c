#include "passages.h"

#include <string>

#include "catch.h"

using namespace rare::text;

namespace {

std::vector<std::string> passages(const std::string& text, const PassageLimits& limits,
                                  bool markdown = false) {
  auto finder = UnitFinder::for_language("en");
  const auto blocks = markdown ? markdown_blocks(text) : plain_blocks(text);
  const TextUnits found = finder->find(text, blocks, limits.max_tokens);
  std::vector<std::string> made;
  for (const Passage& passage : passages_of(text, found.units, limits)) {
    made.push_back(text.substr(passage.begin, passage.end - passage.begin));
    CHECK(passage.tokens <= limits.max_tokens);
  }
  return made;
}

using Texts = std::vector<std::string>;
// Each of two tokens, a space between them taken into account.
const std::string kFour = "Aaa aaa. Bbb bbb. Ccc ccc. Ddd ddd.";

}  // namespace

TEST_CASE("as many sentences as fit make a passage") {
  CHECK(passages(kFour, {1000, 0, 0}) == Texts{kFour});
  CHECK(passages(kFour, {5, 0, 0}) == Texts{"Aaa aaa. Bbb bbb.", "Ccc ccc. Ddd ddd."});
  CHECK(passages(kFour, {2, 0, 0}) == Texts{"Aaa aaa.", "Bbb bbb.", "Ccc ccc.", "Ddd ddd."});
  CHECK(passages("", {2, 0, 0}).empty());
}

TEST_CASE("the next passage begins with whole sentences of the one before, and always goes on") {
  CHECK(passages(kFour, {5, 0, 2}) ==
        Texts{"Aaa aaa. Bbb bbb.", "Bbb bbb. Ccc ccc.", "Ccc ccc. Ddd ddd."});
  CHECK(passages(kFour, {5, 0, 1}) == Texts{"Aaa aaa. Bbb bbb.", "Ccc ccc. Ddd ddd."});
  // No room for an overlap beside a sentence.
  CHECK(passages(kFour, {3, 0, 2}) == Texts{"Aaa aaa.", "Bbb bbb.", "Ccc ccc.", "Ddd ddd."});
}

TEST_CASE("a short last passage joins the one before where both fit") {
  CHECK(passages("Aaa aaa. Bbb bbb. Ccc ccc. Ddd.", {7, 3, 0}) ==
        Texts{"Aaa aaa. Bbb bbb. Ccc ccc.", "Ddd."});
  const std::string sections = "Aaa aaa. Bbb bbb.\n\nCcc.";
  CHECK(passages(sections, {8, 3, 0}) == Texts{sections});
}

TEST_CASE("a heading begins a passage, and none ends with one") {
  const std::string text = "# A\n\nAaa aaa. Bbb bbb.\n\n# B\n\n## C\n\nCcc ccc. Ddd ddd.";
  CHECK(passages(text, {1000, 0, 0}, true) ==
        Texts{"# A\n\nAaa aaa. Bbb bbb.", "# B\n\n## C\n\nCcc ccc. Ddd ddd."});
  CHECK(passages(text, {1000, 100, 0}, true) == Texts{text});
  CHECK(passages(text, {6, 0, 0}, true) ==
        Texts{"# A\n\nAaa aaa. Bbb bbb.", "# B\n\n## C\n\nCcc ccc.", "Ddd ddd."});
  // With room for the heading alone, too, it goes on to the next passage.
  CHECK(passages("Aaa aaa. Bbb bbb.\n\n# B\n\nCcc ccc. Ddd ddd.", {7, 100, 0}, true) ==
        Texts{"Aaa aaa. Bbb bbb.", "# B\n\nCcc ccc. Ddd ddd."});
  CHECK(passages("Aaa.\n\n# B", {7, 0, 0}, true) == Texts{"Aaa.", "# B"});
}

TEST_CASE("nothing overlaps across a heading") {
  CHECK(passages("Aaa aaa. Bbb bbb.\n\n# B\n\nCcc ccc.", {8, 0, 4}, true) ==
        Texts{"Aaa aaa. Bbb bbb.", "# B\n\nCcc ccc."});
}
