#include "word_runs.h"

#include <ctime>
#include <random>
#include <string>
#include <string_view>

#include "catch.h"

using rare::distill::count_words;
using rare::distill::longest_common_run;
using rare::distill::Words;

namespace {

bool repeats(std::string_view reply, std::string_view source) {
  return rare::distill::repeats(Words(reply), Words(source));
}
rare::distill::SharedWords shared_words(std::string_view reply, std::string_view source) {
  return rare::distill::shared_words(Words(reply), Words(source));
}
bool is_pieced_together(std::string_view reply, std::string_view source) {
  return rare::distill::is_pieced_together(Words(reply), shared_words(reply, source));
}

}  // namespace

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

TEST_CASE("shared words are the longest run and the share of phrases") {
  const char* source = "one two three four five six seven eight nine ten eleven twelve";
  CHECK(shared_words("Nine, TEN eleven! Zero.", source).longest_run == 3);
  CHECK(shared_words("nothing of it", source).longest_run == 0);
  CHECK(shared_words("", source).longest_run == 0);
  CHECK(shared_words("one two", "").longest_run == 0);
  CHECK(shared_words(source, source).longest_run == 12);
  CHECK(shared_words(source, source).phrase_share == 1);
  // 12 words have 8 runs of five; two of these are in the source.
  const auto shared = shared_words("a b c two three four five six seven d e f", source);
  CHECK(shared.longest_run == 6);
  CHECK(shared.phrase_share == 0.25);
}

TEST_CASE("the longest run is the same in one pass and by halving") {
  std::mt19937 random(7);
  const auto text_of = [&](std::size_t words, unsigned vocabulary) {
    std::string text;
    for (std::size_t i = 0; i < words; ++i) text += std::to_string(random() % vocabulary) + " ";
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    const unsigned vocabulary = 1 + random() % 20;
    const Words reply(text_of(random() % 40, vocabulary));
    const Words source(text_of(random() % 120, vocabulary));
    const std::size_t in_one_pass = longest_common_run(reply, source, 1'000'000);
    CHECK(longest_common_run(reply, source, 0) == in_one_pass);
    CHECK(longest_common_run(reply, source, reply.count()) == in_one_pass);
    CHECK(rare::distill::shared_words(reply, source).longest_run == in_one_pass);
  }
}

TEST_CASE("a table of zeros beside a reply of zeros does not take a product of their lengths") {
  std::string zeros;
  for (int i = 0; i < 200'000; ++i) zeros += "0 ";
  const Words reply(std::string_view(zeros).substr(0, 16'000));
  const Words source(zeros);
  const std::clock_t begin = std::clock();
  CHECK(rare::distill::shared_words(reply, source).longest_run == 8'000);
  // All pairs are 1.6 billion, which take minutes in a build with sanitizers. The processor's time,
  // however busy the machine is.
  CHECK((std::clock() - begin) / CLOCKS_PER_SEC < 30);
}

TEST_CASE("a text of a source's sentences is pieced together, however they are joined") {
  const std::string source =
      "Steel rails grow longer when they are heated. Early railways left a small gap between one "
      "rail and the next. Modern lines are welded into one piece and laid under tension.";
  const auto pieced = [&](const std::string& text) { return is_pieced_together(text, source); };
  CHECK(
      pieced("early railways left a small gap while steel rails grow longer when they are heated"));
  CHECK(
      pieced("Why is it that a crew of four young men in a hurry on a cold night knows that early "
             "railways left a small gap between one rail and the next, and who told them?"));
  CHECK_FALSE(pieced("Why did the welded line bend in July when the old rails stayed straight?"));
  CHECK_FALSE(pieced("a small gap between one rail"));
  CHECK_FALSE(pieced(""));
}

TEST_CASE("where characters are words, a longer run makes a copy") {
  const std::string source = "钢轨受热会变长，早期的铁路在两段钢轨之间留有小的缝隙，以免夏天弯曲。";
  const auto pieced = [&](const std::string& text) { return is_pieced_together(text, source); };
  CHECK(pieced("为什么早期的铁路在两段钢轨之间留有小的缝隙？"));
  CHECK_FALSE(pieced("工人们冬天焊好的那一段钢轨为什么到了七月就向旁边弯了出去？"));
}

TEST_CASE("words in both texts, as a share of those in either") {
  const auto [one, other, overlap] = GENERATE(table<std::string, std::string, double>({
      {"a b c", "c, B! A", 1},
      {"a b c d", "c d e f", 1.0 / 3},
      {"a a a b", "b", 0.5},
      {"", "", 1},
      {"", "a", 0},
      {"冰比水轻", "水比冰重", 3.0 / 5},
  }));
  CHECK(rare::distill::word_overlap(one, other) == overlap);
}
