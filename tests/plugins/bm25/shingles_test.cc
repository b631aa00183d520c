#include "plugins/bm25/shingles.h"

#include <cmath>
#include <string>

#include "catch.h"
#include "plugins/bm25/code_points.h"

namespace rare::bm25 {
namespace {

double similarity(std::string_view left, std::string_view right) {
  FoldedText left_text(left), right_text(right);
  Shingles left_shingles(left_text);
  const double forth = left_shingles.similarity(Shingles(right_text));
  CHECK(forth == Shingles(right_text).similarity(Shingles(left_text)));
  for (const double share : {0.05, 0.25, forth, std::nextafter(forth, 2.0), 1.0}) {
    CHECK(Shingles(left_text).reach(right_text, share) == (forth >= share));
    FoldedText in_parts;
    in_parts.begin(right);
    CHECK(Shingles(left_text).reach(in_parts, share) == (forth >= share));
    CHECK(left_shingles.reach(right_text, share) == (forth >= share));
  }
  return forth;
}

TEST_CASE("Case, spacing and punctuation between words make no difference") {
  CHECK(similarity("One two, three four.", "one  TWO three -- four") == 1);
  CHECK(similarity("one", "One!") == 1);
}

TEST_CASE("Similarity is the share of common runs of three words") {
  CHECK(similarity("a b c d e", "a b c d f") == 2.0 / 4);
  CHECK(similarity("a b c d", "d c b a") == 0);
  CHECK(similarity("a b c a b c a b c", "a b c a b") == 1);
  CHECK(similarity("a b", "a b c") == 0);
}

TEST_CASE("A Han character is a word") {
  CHECK(similarity("我喜欢猫", "我喜欢狗") == 1.0 / 3);
  CHECK(similarity("我喜欢猫", "我 喜 欢 猫") == 1);
}

TEST_CASE("A long Han text and its copy with a few characters changed are near-duplicates") {
  const std::string text = "苹果放在阴凉干燥的地方可以保存两个月放进冰箱可以更久";  // 24 runs
  CHECK(similarity(text, text + "吗") == 24.0 / 25);
  CHECK(similarity(text, "苹果放在阴凉、干燥的地方可以保存两个月。放进冰箱,可以更久!") == 1);
  CHECK(similarity(text, "香蕉挂在阴凉干燥的地方可以保存两个月放进冰箱可以更久") == 21.0 / 27);
  CHECK(similarity(text, "电话由贝尔在一八七六年发明") == 0);
}

TEST_CASE(
    "A text that has exactly the share in common reaches it, also where products are rounded") {
  // 0.55 * 100 is more than 55. Marks of few texts are all different, so some words are tried.
  for (int i = 0; i < 30; ++i) {
    std::string text, beginning;
    for (int word = 0; word < 102; ++word) {  // 100 runs of three
      text += "w" + std::to_string(i) + "x" + std::to_string(word) + " ";
      if (word == 56) beginning = text;  // 55 runs
    }
    CHECK(similarity(text, beginning) == 0.55);
  }
}

TEST_CASE("A text without words is like no other") {
  CHECK(similarity("", "") == 0);
  CHECK(similarity("?!", "a b c") == 0);
}

}  // namespace
}  // namespace rare::bm25

TEST_CASE("ASCII is folded from a table as code points are from Unicode's") {
  for (char32_t c = 0; c < rare::bm25::kFoldedAscii.size(); ++c) {
    INFO(static_cast<unsigned>(c));
    const char32_t folded = rare::bm25::is_ignorable(c) ? 0 : rare::bm25::to_lower(c);
    CHECK(static_cast<char32_t>(rare::bm25::kFoldedAscii[c]) == folded);
  }
}
