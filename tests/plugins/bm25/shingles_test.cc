#include "plugins/bm25/shingles.h"

#include <string>

#include "catch.h"

namespace rare::bm25 {
namespace {

double similarity(std::string_view left, std::string_view right) {
  const double forth = Shingles(left).similarity(Shingles(right));
  CHECK(forth == Shingles(right).similarity(Shingles(left)));
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

TEST_CASE("A text without words is like no other") {
  CHECK(similarity("", "") == 0);
  CHECK(similarity("?!", "a b c") == 0);
}

}  // namespace
}  // namespace rare::bm25
