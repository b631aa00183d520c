#include <rare/testing/checks.h>
#include <rare/testing/operator_stress.h>

#include <vector>

#include "my_plugin.cc"

namespace {

rare::Record text(const char* words) { return rare::Record(rare::Json{{"text", words}}); }

void a_text_is_scored_by_its_words() {
  const auto score = rare::testing::make<Score>();
  const auto outcome = rare::testing::run(*score, text("Good, clear, and a bit BROKEN."));
  RARE_CHECK_OK(outcome.status);
  RARE_CHECK_EQUAL(outcome.records.size(), 1u);
  RARE_CHECK_EQUAL(outcome.records.at(0).fields()["score"], 1.0 / 3);
  RARE_CHECK_EQUAL(outcome.counts.at("mixed"), 1u);
}

void a_text_without_such_words_is_filtered() {
  const auto score = rare::testing::make<Score>({{"good", {"fine"}}});
  RARE_CHECK_EQUAL(rare::testing::run(*score, text("a goods train")).filters.size(), 1u);
}

void what_is_no_text_is_an_error_of_its_record() {
  const auto score = rare::testing::make<Score>();
  RARE_CHECK(!rare::testing::run(*score, rare::Record(rare::Json{{"text", 7}})).status.ok());
}

void eight_threads_change_nothing() {
  const std::vector<rare::Record> records{text("good"), text("bad good"), text(""), text("clear")};
  RARE_CHECK_OK(rare::testing::stress<Score>(records));
}

}  // namespace

int main() {
  a_text_is_scored_by_its_words();
  a_text_without_such_words_is_filtered();
  what_is_no_text_is_an_error_of_its_record();
  eight_threads_change_nothing();
  return rare::testing::failed_checks();
}
