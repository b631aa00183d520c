#include "plugins/bm25/text_identity.h"

#include <string>
#include <vector>

#include "catch.h"
#include "plugins/bm25/shingles.h"

namespace rare::bm25 {
namespace {

FoldedText folded_by(std::string_view text, std::size_t bytes) {
  FoldedText folded;
  folded.begin(text);
  while (!folded.complete()) folded.extend(bytes);
  return folded;
}

TEST_CASE("A text that is folded in parts of any size has the key and the words of the whole") {
  std::string much = "Whole words, parts of words";
  for (int i = 0; i < 40; ++i) much += " and some more (" + std::to_string(i * 977) + ")";
  const std::vector<std::string> texts = {"",
                                          "one",
                                          " ,; ",
                                          "A-b c\n\nD",
                                          "naïve  CAFÉ «ÉCOLE»",
                                          "我喜欢 cats, 和狗。",
                                          "broken \xe4\xb8 bytes \xff",
                                          much};
  for (const std::string& text : texts) {
    const FoldedText whole(text);
    for (const std::size_t bytes : {1, 2, 3, 7, 64, 4096}) {
      INFO(text << " in parts of " << bytes);
      const FoldedText folded = folded_by(text, bytes);
      CHECK(folded.key() == whole.key());
      CHECK(folded.word_ends() == whole.word_ends());
    }
  }
}

TEST_CASE("A text has its own key, and not one that is longer, shorter or differs late") {
  const std::string text(1000, 'a');
  FoldedText folded;
  const auto has = [&](const std::string& key) {
    folded.begin(text);
    return folded.has_key(key);
  };
  CHECK(has(text));
  CHECK_FALSE(has(text + "a"));
  CHECK_FALSE(has(text.substr(1)));
  CHECK_FALSE(has(text.substr(1) + "b"));
  CHECK_FALSE(has("b" + text.substr(1)));
  CHECK(folded.key().size() < text.size());  // where it differs early, no more is folded
  folded.begin("");
  CHECK(folded.has_key(""));
}

TEST_CASE("Texts are distinct by their whole keys, also where they begin alike") {
  const std::string beginning(300, 'x');
  const std::vector<std::string> texts = {beginning + " one", beginning + " two", "one", ""};
  DistinctTexts distinct;
  FoldedText folded;
  for (const std::string& text : texts) {
    folded.begin(text);
    CHECK_FALSE(distinct.contains(folded));
    distinct.insert(folded, text);
  }
  for (const std::string& text :
       {beginning + "ONE!", beginning + " two", std::string("  One"), std::string("-")}) {
    folded.begin(text);
    CHECK(distinct.contains(folded));
  }
  folded.begin(texts[0]);
  distinct.clear();
  CHECK_FALSE(distinct.contains(folded));
}

TEST_CASE("Of a text that has little in common, shingles fold the beginning alone") {
  std::string text, other, copy;
  for (int i = 0; i < 1000; ++i) {
    text += "word" + std::to_string(i) + " ";
    other += "other" + std::to_string(i) + " ";
    copy += (i % 50 == 0 ? "changed" : "WORD" + std::to_string(i)) + ", ";
  }
  Shingles shingles{FoldedText(text)};
  FoldedText folded;
  folded.begin(other);
  CHECK_FALSE(shingles.reach(folded, 0.8));
  CHECK_FALSE(folded.complete());
  const double similarity = shingles.similarity(Shingles(FoldedText(copy)));
  folded.begin(copy);
  CHECK(shingles.reach(folded, similarity));
  CHECK(folded.complete());
  CHECK(similarity > 0.8);
}

}  // namespace
}  // namespace rare::bm25
