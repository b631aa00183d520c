#include "word_runs.h"

#include "catch.h"

using rare::distill::count_words;
using rare::distill::repeats;

TEST_CASE("words are runs of letters and digits") {
  CHECK(count_words("") == 0);
  CHECK(count_words("  ...  --- ") == 0);
  CHECK(count_words("Why did it bend, in July 1998?") == 7);
  CHECK(count_words("\u00fcber Stra\u00dfe \u2014 \u201cna\u00efve\u201d") == 3);
}

TEST_CASE("where nothing separates words, each character is one") {
  CHECK(count_words("\u4e3a\u4ec0\u4e48\u5929\u662f\u84dd\u8272\u7684\uff1f") == 8);
}

TEST_CASE("a reply that stands in the source is a repetition, whatever its case and punctuation") {
  const char* source = "Steel rails grow longer when they are heated, and they bend on a hot day.";
  CHECK(repeats("steel rails grow longer when they are heated", source));
  CHECK(repeats("Heated, and they bend: on a hot day!", source));
  CHECK_FALSE(repeats("Why do the steel rails bend on a hot day in July?", source));
}

TEST_CASE("a repetition is more than half of the reply, and no mere phrase") {
  const char* source = "one two three four five six seven eight nine ten";
  CHECK(repeats("a b c d e one two three four five six seven eight", source));
  CHECK_FALSE(repeats("a b c d e f g h one two three four five six seven eight", source));
  CHECK_FALSE(repeats("a b c two three four five six seven", source));
  CHECK(repeats("two three four five", source));
  CHECK_FALSE(repeats("", source));
  CHECK_FALSE(repeats("one two three", ""));
}
