#include "plugins/bm25/icu_analyzer.h"

#include <string>
#include <thread>
#include <vector>

#include "catch.h"

namespace rare::bm25 {
namespace {

using Terms = std::vector<std::string>;

Terms icu_terms(std::string_view language, std::string_view text) {
  return make_icu_analyzer(language)->terms_of(text);
}

TEST_CASE("Words of one stem meet, whatever their case and form") {
  CHECK(icu_terms("german", "Die Häuser") == icu_terms("german", "DIE HÄUSERN"));
  CHECK(icu_terms("french", "nous continuait") == icu_terms("french", "NOUS continuer"));
  CHECK(icu_terms("russian", "книги") == icu_terms("russian", "КНИГА"));
  CHECK(icu_terms("spanish", "cantando") == icu_terms("spanish", "cantar"));
  CHECK(icu_terms("finnish", "taloissa") == icu_terms("finnish", "Talo"));
  CHECK(icu_terms("arabic", "الكتاب") == icu_terms("arabic", "كتاب"));
  CHECK(icu_terms("german", "Straße") == icu_terms("german", "STRASSE"));
  CHECK(icu_terms("german", "ﬁnden ＡＢＣ") == Terms{"find", "abc"});
  CHECK(icu_terms("german", "u\u0308ber") == icu_terms("german", "über"));  // one character, or two
}

TEST_CASE("Lower case goes by the language") {
  CHECK(icu_terms("turkish", "IRMAK") == icu_terms("turkish", "ırmak"));
  CHECK(icu_terms("turkish", "İZMİR") == icu_terms("turkish", "izmir"));
  CHECK(icu_terms("english", "INK") == Terms{"ink"});
}

TEST_CASE("Words are ICU's; what has neither letter nor digit is none") {
  CHECK(icu_terms("english", "Don't stop: 3.14 -- e-mail, snake_case! \u200B") ==
        Terms{"don't", "stop", "3.14", "e", "mail", "snake_cas"});
  // Written without spaces: by ICU's dictionary.
  CHECK(icu_terms("english", "ภาษาไทย") == Terms{"ภาษา", "ไทย"});
  CHECK(icu_terms("german", "").empty());
  CHECK(icu_terms("german", "?! ...").empty());
}

TEST_CASE("Each term knows its bytes") {
  Terms terms;
  std::vector<TokenBounds> places;
  TokenSink sink(terms, &places);
  make_icu_analyzer("german")->analyze_into("über Häuser", sink);
  CHECK(places == std::vector<TokenBounds>{{0, 5}, {6, 13}});
}

TEST_CASE(
    "A word of 10,000 characters is cut every 255 units, bytes that are no UTF-8 part words") {
  const Terms terms = icu_terms("german", std::string(10'000, 'q'));
  REQUIRE(terms.size() == 40);
  CHECK(terms.front().size() == 255);
  CHECK(icu_terms("german", std::string("ab\xFF"
                                        "cd\0ef",
                                        8)) == Terms{"ab", "cd", "ef"});
  CHECK(icu_terms("german", "\xED\xA0\x80x\xC3") == Terms{"x"});
}

TEST_CASE("Every language of libstemmer has an analyzer, and no other") {
  const Terms languages = icu_languages();
  CHECK(languages.size() >= 25);
  for (const std::string& language : languages) {
    INFO(language);
    const auto analyzer = make_icu_analyzer(language);
    REQUIRE(analyzer != nullptr);
    CHECK(analyzer->terms_of("a b 12").size() == 3);
  }
  CHECK(make_icu_analyzer("porter") == nullptr);
  CHECK(make_icu_analyzer("de") == nullptr);
}

TEST_CASE("Threads that share an analyzer get the same terms") {
  const auto analyzer = make_icu_analyzer("swedish");
  std::string text;
  for (int i = 0; i < 300; ++i) text += "flickorna springer " + std::to_string(i) + " ";
  const Terms expected = analyzer->terms_of(text);
  std::vector<Terms> found(4);
  std::vector<std::thread> threads;
  for (Terms& terms : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) terms = analyzer->terms_of(text);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Terms& terms : found) CHECK(terms == expected);
}

}  // namespace
}  // namespace rare::bm25
