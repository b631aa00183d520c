#include "plugins/look/near_twins.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.h"
#include "rare/random.h"

namespace rare::look {
namespace {

FoldedWords words_of(std::string_view text) {
  FoldedWords words;
  words.fold(text);
  return words;
}

// `count` words that stand in no other text of another seed.
std::vector<std::string> own_words(std::uint64_t seed, std::size_t count) {
  std::vector<std::string> words;
  Random random(seed);
  for (std::size_t i = 0; i < count; ++i) words.push_back("w" + std::to_string(random.next()));
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + " ";
  return text;
}

NearTwinFinder::Text text_of(std::string_view text, std::uint64_t record,
                             std::uint64_t family = 0) {
  const FoldedWords words = words_of(text);
  return {NearSketch::of(words).value(), words.identity(), family == 0 ? record : family, record};
}

TEST_CASE("runs in common are counted, of those of either text") {
  const FoldedWords text = words_of("a b c d e");
  CHECK(runs_in_common(text, words_of("A, b: c d e!")) == 1);
  CHECK(runs_in_common(text, words_of("a b c d f")) == 0.5);  // abc bcd of abc bcd cde cdf
  CHECK(runs_in_common(text, words_of("b a c d f")) == 0);
  CHECK(runs_in_common(text, words_of("a b")) == 0);
  CHECK(runs_in_common(words_of("水は東京に"), words_of("水は東京の")) == 0.5);
}

TEST_CASE("a sketch estimates how many runs two texts have in common") {
  std::vector<std::string> words = own_words(1, 400);
  const NearSketch one = text_of(joined(words), 1).sketch;
  CHECK(one.equal_places(text_of(joined(words), 1).sketch) == NearSketch::kPlaces);
  words[200] = "other";
  // 395 of 401.
  CHECK(one.equal_places(text_of(joined(words), 1).sketch) >= 28);
  CHECK(one.equal_places(text_of(joined(own_words(2, 400)), 1).sketch) <= 1);
  CHECK_FALSE(NearSketch::of(words_of("one two three four five six seven eight nine")));
}

TEST_CASE("documents of which a few words differ are found, others are not") {
  NearTwinFinder finder(10000);
  std::uint64_t record = 0;
  // Of 60 words, of which one is another: 55 of 61 runs stand in both.
  constexpr std::uint64_t kPairs = 200;
  for (std::uint64_t i = 0; i < kPairs; ++i) {
    std::vector<std::string> words = own_words(i, 60);
    finder.add(text_of(joined(words), ++record));
    words[30] = "other";
    finder.add(text_of(joined(words), ++record));
    // Half of it.
    const std::vector<std::string> rest = own_words(1000 + i, 30);
    std::copy(rest.begin(), rest.end(), words.begin());
    finder.add(text_of(joined(words), ++record));
  }
  const NearTwinFinder::Found found = finder.find(kPairs, 4);
  CHECK(found.groups >= kPairs * 95 / 100);
  CHECK(found.records <= 2 * found.groups + kPairs / 50);
  for (const NearTwinFinder::Twins& twins : found.shown) {
    CHECK(twins.unlike.first % 3 == 1);
    CHECK(twins.unlike.second == twins.unlike.first + 1);
  }
}

TEST_CASE("exact twins alone, and records of one family, are no near twins") {
  NearTwinFinder finder(100);
  std::vector<std::string> words = own_words(5, 50);
  finder.add(text_of(joined(words), 1));
  finder.add(text_of(joined(words), 2));
  CHECK(finder.find(5, 5).groups == 0);
  words.back() = "other";
  finder.add(text_of(joined(words), 4, 1));  // of the first record's family
  CHECK(finder.find(5, 5).groups == 0);
  finder.add(text_of(joined(words), 3));
  const NearTwinFinder::Found found = finder.find(5, 3);
  CHECK(found.groups == 1);
  REQUIRE(found.shown.size() == 1);
  CHECK(found.shown[0].count == 4);
  CHECK(found.shown[0].records == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(found.shown[0].unlike == std::pair<std::uint64_t, std::uint64_t>(1, 3));
}

TEST_CASE("of a chain, two that were found alike are named, not its ends") {
  // Windows of 60 words, each two words after another: neighbours have 56 of 60 runs in common.
  constexpr std::uint64_t kWindows = 200;
  const std::vector<std::string> words = own_words(7, 60 + 2 * kWindows);
  NearTwinFinder finder(1000);
  const auto window_of = [](std::uint64_t record) { return record * 77 % kWindows; };
  for (std::uint64_t record = 1; record <= kWindows; ++record) {
    const auto begin = words.begin() + static_cast<std::ptrdiff_t>(2 * window_of(record));
    finder.add(text_of(joined(std::vector<std::string>(begin, begin + 60)), record));
  }
  const NearTwinFinder::Found found = finder.find(kWindows, 4);
  CHECK(found.records > kWindows / 2);
  REQUIRE(!found.shown.empty());
  for (const NearTwinFinder::Twins& twins : found.shown) {
    const std::uint64_t one = window_of(twins.unlike.first), other = window_of(twins.unlike.second);
    CHECK(std::max(one, other) - std::min(one, other) <= 4);
    CHECK(twins.equal_places >= NearSketch::kPlaces * 3 / 4);
  }
}

TEST_CASE("thousands of texts of one mould are one group, in whatever order they come") {
  std::vector<NearTwinFinder::Text> texts;
  std::vector<std::string> words = own_words(9, 80);
  for (std::uint64_t record = 1; record <= 1000; ++record) {
    words[40] = "number " + std::to_string(record);
    texts.push_back(text_of(joined(words), record));
  }
  NearTwinFinder finder(5000), backwards(5000);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    finder.add(texts[i]);
    backwards.add(texts[texts.size() - 1 - i]);
  }
  const NearTwinFinder::Found found = finder.find(5, 20), again = backwards.find(5, 20);
  REQUIRE(found.groups == 1);
  CHECK(found.records > 990);
  CHECK(again.records == found.records);
  CHECK(again.shown[0].records == found.shown[0].records);
}

TEST_CASE("beyond its memory a part of the texts is compared, near twins together mostly") {
  NearTwinFinder finder(300);
  constexpr std::uint64_t kPairs = 1200;
  for (std::uint64_t i = 0; i < kPairs; ++i) {
    std::vector<std::string> words = own_words(i, 60);
    finder.add(text_of(joined(words), 2 * i + 1));
    words.back() = "other";
    finder.add(text_of(joined(words), 2 * i + 2));
  }
  const NearTwinFinder::Found found = finder.find(10, 4);
  CHECK(finder.one_in() >= 8);
  CHECK(found.groups * finder.one_in() > kPairs / 2);
  CHECK(found.groups * finder.one_in() < kPairs * 3 / 2);
}

}  // namespace
}  // namespace rare::look
