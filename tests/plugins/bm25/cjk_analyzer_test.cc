#include "plugins/bm25/cjk_analyzer.h"

#include <string>
#include <vector>

#include "catch.h"
#include "plugins/bm25/code_points.h"

namespace rare::bm25 {
namespace {

using Terms = std::vector<std::string>;

Terms cjk_terms(std::string_view text) { return make_cjk_analyzer()->terms_of(text); }

std::string folded(std::string_view text) {
  std::u32string code_points = code_points_of(text);
  fold_width(code_points);
  return utf8_of(code_points);
}

TEST_CASE("cjk makes pairs of adjacent characters, across scripts, and keeps a lone one") {
  CHECK(cjk_terms("我喜欢猫") == Terms{"我喜", "喜欢", "欢猫"});
  CHECK(cjk_terms("猫 我们。狗") == Terms{"猫", "我们", "狗"});
  CHECK(cjk_terms("東京タワーへ") == Terms{"東京", "京タ", "タワ", "ワー", "ーへ"});
  CHECK(cjk_terms("한국어 글") == Terms{"한국", "국어", "글"});
  CHECK(cjk_terms("𠀀𠀁b") == Terms{"𠀀𠀁", "b"});
}

TEST_CASE("cjk leaves other words whole, in lower case, without its stop words") {
  CHECK(cjk_terms("The C++ 標準 of www and IT's ISO規格 9001") ==
        Terms{"c", "標準", "it's", "iso", "規格", "9001"});
  CHECK(cjk_terms("한글abc漢字") == Terms{"한글abc", "漢字"});  // Hangul in a mixed word
  CHECK(cjk_terms("ＴＨＥ ＡＢＣ１２") == Terms{"abc12"});
  CHECK(cjk_terms("").empty());
}

TEST_CASE("Half-width Katakana joins its voice marks, and then makes pairs") {
  CHECK(folded("ｶﾞｷﾞﾊﾟﾋﾟｳﾞﾜﾞｦﾞ") == "ガギパピヴヷヺ");
  CHECK(folded("ｱﾞﾗﾟ") == "ア\u3099ラ\u309A");
  CHECK(folded("ﾞｶﾟ") == "\u3099カ\u309A");
  CHECK(folded("ｶﾞﾞ") == "ガ\u3099");
  CHECK(folded("Ａ！～") == "A!~");
  CHECK(cjk_terms("ﾊﾞｽ") == Terms{"バス"});
}

TEST_CASE("Each term of cjk knows its bytes; one of joined characters knows those of the word") {
  const auto places_of = [](std::string_view text) {
    Terms terms;
    std::vector<TokenBounds> places;
    TokenSink sink(terms, &places);
    make_cjk_analyzer()->analyze_into(text, sink);
    return places;
  };
  CHECK(places_of("b 我喜欢") == std::vector<TokenBounds>{{0, 1}, {2, 8}, {5, 11}});
  CHECK(places_of("ﾊﾞｽ") == std::vector<TokenBounds>{{0, 9}});
}

}  // namespace
}  // namespace rare::bm25
