#include <rare/testing/checks.h>
#include <rare/testing/operator_stress.h>

#include <string>
#include <vector>

#include "language.cc"

namespace {

rare::Record text(const char* words) { return rare::Record(rare::Json{{"text", words}}); }

const char* const kEnglish = "The tides of the sea follow the moon, and that was known for long.";
const char* const kGerman = "Die Gezeiten folgen dem Mond, und das ist auch seit langem bekannt.";
const char* const kFrench = "Les mar\u00e9es suivent la lune, et cela est connu dans le monde.";

void each_language_is_told() {
  const auto keep = rare::testing::make<Keep>({{"languages", {"en", "de", "fr"}}});
  rare::testing::TestContext context;
  RARE_CHECK_OK(keep->open(context));
  const std::vector<std::pair<const char*, const char*>> cases{
      {kEnglish, "en"}, {kGerman, "de"}, {kFrench, "fr"}};
  for (const auto& [words, language] : cases) {
    const auto outcome = rare::testing::run(*keep, text(words));
    RARE_CHECK_EQUAL(outcome.records.size(), 1u);
    if (!outcome.records.empty())
      RARE_CHECK_EQUAL(outcome.records[0].fields()["language"], language);
  }
}

void other_languages_and_what_tells_nothing_are_filtered() {
  const auto keep = rare::testing::make<Keep>();
  rare::testing::TestContext context;
  RARE_CHECK_OK(keep->open(context));
  RARE_CHECK_EQUAL(rare::testing::run(*keep, text(kGerman)).filters,
                   std::vector<std::string>{"language de"});
  RARE_CHECK_EQUAL(rare::testing::run(*keep, text("42 3.14 x")).filters.size(), 1u);
  RARE_CHECK_EQUAL(rare::testing::run(*keep, text("")).filters.size(), 1u);
}

void a_language_that_it_does_not_know_is_refused() {
  const auto keep = rare::testing::make<Keep>({{"languages", "xx"}});
  rare::testing::TestContext context;
  RARE_CHECK(keep->open(context).fault() == rare::Fault::run);
}

}  // namespace

int main() {
  each_language_is_told();
  other_languages_and_what_tells_nothing_are_filtered();
  a_language_that_it_does_not_know_is_refused();
  RARE_CHECK_OK(
      rare::testing::stress<Keep>({text(kEnglish), text(kGerman), text(""), rare::Record()}));
  return rare::testing::failed_checks();
}
