#include "plugins/bm25/han_share.h"

#include <string>

#include "catch.h"

namespace rare::bm25 {
namespace {

double share_of(std::initializer_list<std::string> texts) {
  HanShare han;
  for (const std::string& text : texts) han.add(text);
  return han.share();
}

TEST_CASE("The share of Han counts letters, digits and their like, over all texts") {
  CHECK(share_of({}) == 0);
  CHECK(share_of({"", " .,!\n", "。、"}) == 0);
  CHECK(share_of({"我喜欢猫。"}) == 1);
  CHECK(share_of({"cats: 猫!", "x1 é"}) == 1.0 / 8);
  CHECK(share_of({"ひらがな 漢字"}) == 2.0 / 6);
  CHECK(share_of({"\xFF\xE6\xBC"}) == 0);  // no UTF-8, and a character cut short
}

TEST_CASE("Only the beginning of a text is looked at") {
  CHECK(share_of({std::string(HanShare::kBytesOfEach, 'a') + "漢字"}) == 0);
  CHECK(share_of({std::string(HanShare::kBytesOfEach - 1, ' ') + "漢字"}) == 1);
}

}  // namespace
}  // namespace rare::bm25
